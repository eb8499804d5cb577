package org.dit4j.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.autoencoder.AutoencoderCogVideoX;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.data.Picture;
import org.dit4j.data.Video;
import org.dit4j.diffusion.NoiseSource;
import org.dit4j.diffusion.Sampler;
import org.dit4j.diffusion.SamplerState;
import org.dit4j.diffusion.SchedulerConfig;
import org.dit4j.model.CogVideoX;
import org.dit4j.model.CogVideoXCheckpoint;
import org.dit4j.model.CogVideoXConfig;
import org.dit4j.model.CogVideoXConfigs;
import org.dit4j.nn.VideoPatch;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Pipelines against the same computation of network, scheduler and autoencoder written out.
class CogVideoXPipelineTest {
    private static final int LENGTH = 9;
    private static final int SEED = 5;
    private static final String TEXT = "CogVideoXPipeline";
    private static final String IMAGE = "CogVideoXImageToVideoPipeline";

    @TempDir private static Path temporary;
    private TensorScope scope;

    @BeforeAll
    static void build() throws IOException {
        var sinCos = CogVideoXConfig.Positions.SIN_COS;
        var rotary = CogVideoXConfig.Positions.ROTARY;
        folder("2b", TEXT, "CogVideoXDDIMScheduler", config(1, false, 4, 0, sinCos));
        folder("5b-i2v", IMAGE, "CogVideoXDPMScheduler", config(1, false, 8, 0, rotary));
        folder("1.5-i2v", IMAGE, "CogVideoXDDIMScheduler", config(2, true, 8, 32, rotary));
    }

    private static String scheduler(String className) {
        return """
        {"_class_name": "%s", "beta_schedule": "scaled_linear", "beta_start": 0.00085,
         "beta_end": 0.012, "prediction_type": "v_prediction", "rescale_betas_zero_snr": true,
         "snr_shift_scale": 1.0, "timestep_spacing": "trailing", "clip_sample": false}
        """
                .formatted(className);
    }

    private static CogVideoXConfig config(
            int patchFrames,
            boolean overTime,
            int inputs,
            int offset,
            CogVideoXConfig.Positions positions) {
        return new CogVideoXConfig(
                new VideoPatch(patchFrames, 2, 2),
                overTime,
                true,
                inputs,
                4,
                2,
                16,
                2,
                32,
                offset,
                32,
                LENGTH,
                3,
                4,
                6,
                1.875,
                1,
                positions,
                true,
                true,
                1e-5);
    }

    private static void folder(String name, String family, String scheduler, CogVideoXConfig c)
            throws IOException {
        var folder = new TinyFolder(temporary.resolve(name));
        Files.createDirectories(folder.path());
        folder.index(family);
        folder.umt5();
        folder.autoencoder("cogvideox"); // 4 channels; a latent stands for 4 x 4 pixels, 4 frames
        folder.write("scheduler/scheduler_config.json", scheduler(scheduler));
        try (var _ = TensorScope.open();
                var rng = Rng.seeded(1);
                CogVideoX network = CogVideoX.initialise(c, rng)) {
            TinyFolder.stir(network.parameters(), rng);
            folder.transformer(CogVideoXConfigs.json(c), network.parameters());
        }
    }

    @BeforeEach
    void open() {
        scope = TensorScope.open();
    }

    @AfterEach
    void leave() {
        scope.close();
    }

    private static TextToVideoPipeline load(Path folder) {
        return Pipelines.loadVideo(folder, LoadOptions.inference(), Residency.KEEP);
    }

    private static GenerationRequest request() {
        return GenerationRequest.of("a red cat walks")
                .withSeed(SEED)
                .withSteps(3)
                .withSize(24, 16)
                .withFrames(9)
                .withGuide(Guide.DEFAULT.withScale(6).withNegative("blue"));
    }

    private static Picture picture() {
        var rgb = new byte[3 * 24 * 16];
        for (int i = 0; i < rgb.length; i++) {
            rgb[i] = (byte) (i * 7 % 251);
        }
        return Picture.of(24, 16, rgb);
    }

    /// The parts of a folder, and a whole run with them.
    private record Run(
            Path folder, AutoencoderCogVideoX vae, CogVideoX network, Rng rng, Sampler sampler)
            implements AutoCloseable {
        static Run open(Path folder) {
            return new Run(
                    folder,
                    AutoencoderCogVideoX.load(folder.resolve("vae"), LoadOptions.inference()),
                    CogVideoXCheckpoint.open(folder.resolve("transformer"))
                            .load(LoadOptions.inference()),
                    Rng.seeded(SEED),
                    SchedulerConfig.read(folder.resolve("scheduler/scheduler_config.json"))
                            .sampler(1)
                            .steps(3));
        }

        /// The first frame alone has latents: a draw, here times the factor of the latents.
        Tensor image(int frames, double factor) {
            Tensor pixels = Ops.to(picture().tensor(), Dtype.FLOAT32); // [16, 24, 3]
            Tensor x = Ops.add(Ops.div(pixels, 127.5), -1).permute(2, 0, 1);
            Tensor drawn = vae.posterior(x.unsqueeze(0).unsqueeze(2)).sample(rng);
            Tensor first = Ops.mul(drawn, factor).transpose(1, 2); // [1, 1, 4, 4, 6]
            return Ops.cat(1, first, Tensors.zeros(Dtype.FLOAT32, 1, frames - 1, 4, 4, 6));
        }

        /// Returns the latents `[1, F, 4, 4, 6]`.
        ///
        /// @param more further channels, of none for a network that takes no more
        Tensor latents(int frames, Tensor more, Tensor offset) {
            Tensor cond = TinyFolder.states(folder, "a red cat walks", LENGTH);
            Tensor uncond = TinyFolder.states(folder, "blue", LENGTH);
            SamplerState s = sampler.start(rng.normal(1, frames, 4, 4, 6));
            while (!sampler.done(s)) {
                Tensor t = Tensors.full(sampler.timestep(s), Dtype.FLOAT32, 1);
                Tensor x = Ops.cat(2, s.x(), more);
                Tensor yes = network.forward(x, t, cond, offset, null);
                Tensor no = network.forward(x, t, uncond, offset, null);
                Tensor v = no.add(Ops.mul(yes.sub(no), 6));
                s = sampler.next(s, v, NoiseSource.of(rng));
            }
            return s.x();
        }

        /// Decodes `[1, F, C, h, w]` to frames.
        List<Picture> decode(Tensor z) {
            Tensor own = Ops.div(z, vae.config().scale().factor()).transpose(1, 2).contiguous();
            return Picture.ofBatch(
                    Ops.noGrad(() -> vae.reconstruct(own)).squeeze(0).transpose(0, 1));
        }

        @Override
        public void close() {
            vae.close();
            network.close();
            rng.close();
        }
    }

    private static Tensor none(int frames) {
        return Tensors.zeros(Dtype.FLOAT32, 1, frames, 0, 4, 6);
    }

    @Test
    void aVideoOfAPromptIsThatOfItsParts() {
        Path folder = temporary.resolve("2b");
        try (TextToVideoPipeline pipeline = load(folder);
                Run run = Run.open(folder)) {
            Video video = pipeline.generate(request()).getFirst();
            assertThat(video.rate()).isEqualTo(8);
            TinyFolder.requireSame(
                    video.frames(), run.decode(Ops.noGrad(() -> run.latents(3, none(3), null))));
        }
    }

    @Test
    void theFirstFrameGoesIntoMoreChannelsAndIsDrawnBeforeTheNoise() {
        Path folder = temporary.resolve("5b-i2v");
        try (TextToVideoPipeline pipeline = load(folder);
                Run run = Run.open(folder)) {
            Video video = pipeline.generate(request().withFirstFrame(picture())).getFirst();
            assertThat(video.rate()).isEqualTo(8);
            double factor = run.vae.config().scale().factor();
            List<Picture> worked =
                    Ops.noGrad(() -> run.decode(run.latents(3, run.image(3, factor), null)));
            TinyFolder.requireSame(video.frames(), worked);
        }
    }

    @Test
    void latentsAreFilledUpToWholePatchesWhichAreNotDecoded() throws IOException {
        Path folder = temporary.resolve("1.5-i2v");
        Path vae = folder.resolve("vae/config.json");
        Files.writeString(
                vae,
                Files.readString(vae)
                        .replace(
                                "\"invert_scale_latents\": false",
                                "\"invert_scale_latents\": true"));
        try (TextToVideoPipeline pipeline = load(folder);
                Run run = Run.open(folder)) {
            Video video = pipeline.generate(request().withFirstFrame(picture())).getFirst();
            assertThat(video.rate()).isEqualTo(16);
            assertThat(video.frames()).hasSize(9);
            double factor = 1 / run.vae.config().scale().factor();
            Tensor two = Tensors.full(2, Dtype.FLOAT32, 1);
            List<Picture> worked =
                    Ops.noGrad(() -> {
                        Tensor z = run.latents(4, run.image(4, factor), two);
                        return run.decode(z.narrow(1, 1, 3));
                    });
            TinyFolder.requireSame(video.frames(), worked);
        }
    }

    @Test
    void framesAreThoseThatTheAutoencoderMakes() {
        try (TextToVideoPipeline pipeline = load(temporary.resolve("2b"))) {
            for (int[] pair : new int[][] {{1, 1}, {4, 1}, {5, 8}, {8, 8}, {9, 9}, {13, 16}}) {
                GenerationRequest r = request().withFrames(pair[0]).withSteps(1);
                assertThat(pipeline.resolve(r).clip().frames()).isEqualTo(pair[1]);
                assertThat(pipeline.generate(r).getFirst().frames()).hasSize(pair[1]);
                assertThat(Remarks.of(pipeline, r)).hasSize(pair[0] == pair[1] ? 0 : 1);
            }
            GenerationRequest usual = pipeline.resolve(GenerationRequest.of("cat"));
            assertThat(List.of(usual.clip().frames(), usual.width(), usual.height()))
                    .containsExactly(9, 24, 16);
            assertThat(List.of(usual.steps(), usual.guide().scale())).containsExactly(50, 6.0);
        }
    }

    @Test
    void whatDoesNotFitIsSaid() {
        try (TextToVideoPipeline pipeline = load(temporary.resolve("2b"))) {
            assertThatThrownBy(() -> pipeline.resolve(request().withFirstFrame(picture())))
                    .isInstanceOf(ConfigException.class)
                    .hasMessageContaining("it takes no first frame");
        }
        try (TextToVideoPipeline pipeline = load(temporary.resolve("5b-i2v"))) {
            assertThatThrownBy(() -> pipeline.resolve(request()))
                    .isInstanceOf(ConfigException.class)
                    .hasMessage("this model makes videos of a first frame: give it a picture");
            var both = request().withFirstFrame(picture()).withLastFrame(picture());
            assertThatThrownBy(() -> pipeline.resolve(both)).hasMessageContaining("no last one");
        }
    }

    @Test
    void aNetworkOfTheOtherKindIsRefused() throws IOException {
        Path index = temporary.resolve("5b-i2v/model_index.json");
        String before = Files.readString(index);
        Files.writeString(index, before.replace(IMAGE, TEXT));
        try {
            assertThatThrownBy(() -> load(temporary.resolve("5b-i2v")))
                    .isInstanceOf(ConfigException.class)
                    .hasMessageContaining("from text to video must take 4 channels for the 4")
                    .hasMessageEndingWith("not 8");
        } finally {
            Files.writeString(index, before);
        }
    }
}
