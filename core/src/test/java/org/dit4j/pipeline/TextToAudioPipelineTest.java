package org.dit4j.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.autoencoder.AutoencoderOobleck;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.data.Sound;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.Shapes;
import org.dit4j.tensor.TensorScope;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class TextToAudioPipelineTest {
    private static final String SCHEDULER =
            """
            {"_class_name": "CosineDPMSolverMultistepScheduler"}
            """;

    /// 12 latents of 8 samples: 6 seconds at 16 samples a second.
    private static final AutoencoderOobleck.Config SOUNDS =
            new AutoencoderOobleck.Config(8, List.of(2, 4), List.of(1, 2), 8, 4, 2, 16);

    /// Answers with the latents times a number for each text, its length.
    private static final class Scaling implements AudioNetwork {
        @Override
        public PromptedNetwork.Prompts encode(List<String> texts, GenerationRequest request) {
            return new PromptedNetwork.Prompts() {
                @Override
                public PromptedNetwork.Prepared prepare(int shown) {
                    return wanted ->
                            (x, _) -> {
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
                    return List.of();
                }
            };
        }

        @Override
        public int inChannels() {
            return 4;
        }

        @Override
        public int length() {
            return 12;
        }

        @Override
        public double lastSecond() {
            return 10;
        }

        @Override
        public void close() {}
    }

    private final TextToAudioPipeline pipeline = pipeline();

    private static TextToAudioPipeline pipeline() {
        try (var rng = Rng.seeded(1)) {
            return new TextToAudioPipeline(
                    new TextToAudioPipeline.Parts(
                            new Scaling(),
                            AutoencoderOobleck.initialise(SOUNDS, rng),
                            DiffusionProcess.parse(JsonFile.mapper().readTree(SCHEDULER), "s")),
                    new GenerationDefaults("", 4, 3));
        }
    }

    @AfterEach
    void close() {
        pipeline.close();
    }

    @Test
    void aSoundHasTheSecondsThatWereAskedFor() {
        Sound whole = pipeline.generate(GenerationRequest.of("birds")).getFirst();
        assertThat(List.of(whole.channels(), whole.frames(), whole.rate()))
                .containsExactly(2, 96, 16);
        Sound sound = pipeline.generate(GenerationRequest.of("birds").withSeconds(2.6)).getFirst();
        assertThat(sound.frames()).isEqualTo(41);
        // the network makes the whole length in any case, so the beginning is the same
        assertThat(sound.sample(1, 40)).isEqualTo(whole.sample(1, 40));
    }

    @Test
    void aLaterPartIsCutOut() {
        var request = pipeline.resolve(GenerationRequest.of("a").withClip(new Clip(0, 1.5, 4)));
        try (var _ = TensorScope.open();
                var rng = Rng.seeded(2)) {
            Tensor x = rng.normal(1, 2, 96);
            Tensor part = pipeline.cut(x, request);
            assertThat(Shapes.of(part)).containsExactly(1, 2, 40);
            assertThat(Ops.maxAbsDifference(part, x.narrow(2, 24, 40))).isZero();
        }
    }

    @Test
    void promptAndSeedMatter() {
        var request = GenerationRequest.of("birds", "a river").withCount(2);
        List<Sound> sounds = pipeline.generate(request);
        assertThat(sounds).hasSize(4);
        float[] first = new float[4];
        for (int i = 0; i < 4; i++) {
            first[i] = sounds.get(i).sample(0, 7);
        }
        assertThat(first).doesNotHaveDuplicates();
        assertThat(pipeline.generate(request).get(3).sample(0, 7)).isEqualTo(first[3]);
        assertThat(pipeline.generate(request.withSeed(1)).get(3).sample(0, 7))
                .isNotEqualTo(first[3]);
    }

    @Test
    void whatTheModelCannotDoIsSaid() {
        var request = GenerationRequest.of("birds");
        assertThatThrownBy(() -> pipeline.resolve(request.withSeconds(6.5)))
                .isInstanceOf(ConfigException.class)
                .hasMessage("this model makes at most 6.0 seconds, not 6.5");
        assertThatThrownBy(() -> pipeline.resolve(request.withClip(new Clip(0, 6, 11))))
                .hasMessage("a sound must end by second 10.0, not 11.0");
        assertThatThrownBy(() -> pipeline.resolve(request.withSeconds(0.01)))
                .hasMessage("0.01 seconds are less than a sample");
        assertThatThrownBy(() -> pipeline.resolve(request.withFrames(3)))
                .hasMessage("a model of sounds takes seconds, and no frames and no size");
        assertThatThrownBy(() -> pipeline.generate(request.withClip(new Clip(0, 7, 9))))
                .hasMessage(
                        "the sound of this model is over before second 7.0, where yours begins");
        assertThatThrownBy(() -> new Clip(0, 3, 2))
                .hasMessage(
                        "a sound must end after it begins, not begin at 3.0 seconds and end at 2.0");
        assertThatThrownBy(() -> request.withFrames(10_001))
                .hasMessage("a video's frames must be 1 to 10000 but are 10001");
        assertThatThrownBy(() -> pipeline.resolve(request.withSampler("ddim")))
                .hasMessageContaining("CosineDPMSolverMultistepScheduler");
    }
}
