package org.dit4j.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.autoencoder.Autoencoder;
import org.dit4j.autoencoder.AutoencoderConfigs;
import org.dit4j.autoencoder.AutoencoderKl;
import org.dit4j.autoencoder.AutoencoderWan;
import org.dit4j.autoencoder.LatentScale;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.data.Picture;
import org.dit4j.data.Video;
import org.dit4j.diffusion.Target;
import org.dit4j.nn.VideoPatch;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.Shapes;
import org.dit4j.tensor.TensorScope;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class TextToVideoPipelineTest {
    private static final String VAE =
            """
            {"_class_name": "AutoencoderKL", "block_out_channels": [8, 8], "layers_per_block": 1,
             "down_block_types": ["DownEncoderBlock2D", "DownEncoderBlock2D"],
             "up_block_types": ["UpDecoderBlock2D", "UpDecoderBlock2D"],
             "norm_num_groups": 4, "latent_channels": 4, "sample_size": 16}
            """;

    /// Answers with the latents times a number for each text, its length.
    private record Scaling(int most) implements VideoNetwork {
        @Override
        public PromptedNetwork.Prompts encode(List<String> texts, GenerationRequest request) {
            return new PromptedNetwork.Prompts() {
                @Override
                public PromptedNetwork.Prepared prepare(int shown) {
                    return wanted ->
                            (x, _) -> {
                                assertThat(x.size(0)).isEqualTo(wanted.size());
                                var rows = new Tensor[wanted.size()];
                                for (int i = 0; i < rows.length; i++) {
                                    double share = texts.get(wanted.get(i)).length() / 10.0;
                                    rows[i] = Ops.mul(x.narrow(0, i, 1), share);
                                }
                                return Ops.cat(0, rows);
                            };
                }

                @Override
                public List<String> remarks() {
                    return List.of("encoded " + texts.size());
                }
            };
        }

        @Override
        public int inChannels() {
            return 4;
        }

        @Override
        public VideoPatch patch() {
            return new VideoPatch(1, 2, 2);
        }

        @Override
        public Size usual(int downsampling, int temporal) {
            return new Size(5, 8 * downsampling, 4 * downsampling);
        }

        @Override
        public double rate() {
            return 12;
        }

        @Override
        public void requireFrames(int frames) {
            ConfigException.require(frames <= most, "at most %d frames", most);
        }

        @Override
        public void close() {}
    }

    private TextToVideoPipeline pipeline = pipeline(pictures());

    private static TextToVideoPipeline pipeline(Autoencoder autoencoder) {
        return new TextToVideoPipeline(
                new TextToVideoPipeline.Parts(
                        new Scaling(20),
                        autoencoder,
                        DiffusionProcess.gaussian("linear", Target.EPSILON)),
                new GenerationDefaults("", 3, 2));
    }

    private static Autoencoder pictures() {
        try (var rng = Rng.seeded(1)) {
            return AutoencoderKl.initialise(
                    AutoencoderConfigs.parseKl(JsonFile.mapper().readTree(VAE), "vae"), rng);
        }
    }

    private static Autoencoder videos() {
        var config =
                new AutoencoderWan.Config(
                        4,
                        4,
                        4,
                        List.of(1, 1, 1),
                        1,
                        List.of(),
                        List.of(true, true),
                        new LatentScale(1, 0, List.of(1., 2., 3., 4.), List.of(1., 2., 1., 2.)),
                        false,
                        3,
                        3,
                        1,
                        4);
        try (var rng = Rng.seeded(1)) {
            return AutoencoderWan.initialise(config, rng);
        }
    }

    @AfterEach
    void close() {
        pipeline.close();
    }

    @Test
    void aRequestGetsTheUsualSize() {
        GenerationRequest r = pipeline.resolve(GenerationRequest.of("cat"));
        assertThat(List.of(r.clip().frames(), r.width(), r.height(), r.steps()))
                .containsExactly(5, 16, 8, 3);
        assertThat(r.guide().scale()).isEqualTo(2);
    }

    @Test
    void videosHaveTheirFramesAndRate() {
        Video video = pipeline.generate(GenerationRequest.of("cat").withFrames(3)).getFirst();
        assertThat(video.frames()).hasSize(3).doesNotHaveDuplicates();
        assertThat(List.of(video.width(), video.height())).containsExactly(16, 8);
        assertThat(video.rate()).isEqualTo(12);
    }

    @Test
    void promptSeedAndNegativeMatterAndOrderIsThatOfThePrompts() {
        var request = GenerationRequest.of("cat", "a horse").withCount(2).withSeed(4);
        List<Video> videos = pipeline.generate(request);
        assertThat(videos).hasSize(4).doesNotHaveDuplicates();
        assertThat(pipeline.generate(request)).isEqualTo(videos);
        assertThat(pipeline.generate(request.withSeed(5))).doesNotContainAnyElementsOf(videos);
        var negative = request.withGuide(Guide.DEFAULT.withNegative("something"));
        assertThat(pipeline.generate(negative)).doesNotContainAnyElementsOf(videos);
        // the noise of all is drawn at once, so the first half is what the first prompt gives
        var first = GenerationRequest.of("cat", "cat").withCount(2).withSeed(4);
        assertThat(pipeline.generate(first).subList(0, 2)).isEqualTo(videos.subList(0, 2));
    }

    @Test
    void anAutoencoderOfPicturesDecodesEachFrame() {
        try (var _ = TensorScope.open();
                var rng = Rng.seeded(2)) {
            Tensor z = rng.normal(2, 4, 9, 2, 3);
            Tensor x = pipeline.decode(z);
            assertThat(Shapes.of(x)).containsExactly(2, 3, 9, 4, 6);
            Tensor last = pipeline.parts().autoencoder().decode(z.select(2, 8).contiguous());
            assertThat(Ops.maxAbsDifference(x.select(2, 8), last)).isLessThan(1e-5);
        }
    }

    @Test
    void framesAreRoundedToWhatAnAutoencoderOfVideosMakes() {
        pipeline.close();
        pipeline = pipeline(videos());
        for (int[] pair : new int[][] {{1, 1}, {3, 1}, {4, 5}, {5, 5}, {8, 9}, {10, 9}, {12, 13}}) {
            var request = GenerationRequest.of("cat").withFrames(pair[0]);
            assertThat(pipeline.resolve(request).clip().frames()).isEqualTo(pair[1]);
            assertThat(Remarks.of(pipeline, request)).hasSize(pair[0] == pair[1] ? 1 : 2);
        }
        List<Picture> frames =
                pipeline.generate(GenerationRequest.of("cat").withFrames(6)).getFirst().frames();
        assertThat(frames).hasSize(5);
        assertThat(List.of(frames.getFirst().width(), frames.getFirst().height()))
                .containsExactly(32, 16);
    }

    @Test
    void whatTheModelCannotDoIsSaid() {
        var request = GenerationRequest.of("cat");
        assertThatThrownBy(() -> pipeline.resolve(request.withSeconds(2)))
                .isInstanceOf(ConfigException.class)
                .hasMessage("a model of videos takes frames, and no seconds of sound");
        assertThatThrownBy(() -> pipeline.resolve(request.withFrames(21)))
                .hasMessage("at most 20 frames");
        assertThatThrownBy(() -> pipeline.resolve(request.withSize(16, 10)))
                .hasMessage("the size 16x10 must be a multiple of 4x4");
        var picture = Picture.of(1, 1, new byte[3]);
        assertThatThrownBy(() -> pipeline.resolve(request.withImage(picture, 1)))
                .hasMessageStartingWith("a model of videos or sounds cannot start from a picture");
    }
}
