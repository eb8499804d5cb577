package org.dit4j.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.autoencoder.AutoencoderKl;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.data.Picture;
import org.dit4j.diffusion.NoiseSource;
import org.dit4j.diffusion.Sampler;
import org.dit4j.diffusion.SamplerState;
import org.dit4j.diffusion.SchedulerConfig;
import org.dit4j.model.PixArt;
import org.dit4j.model.PixArtCheckpoint;
import org.dit4j.model.PixArtConfigs;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.Shapes;
import org.dit4j.tensor.Spatial;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;
import org.dit4j.text.Tokenizer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SizeBinsTest {
    @TempDir private Path temporary;

    /// Sizes as the tables of diffusers have them, width first.
    @ParameterizedTest
    @CsvSource({
        "256, 240, 80, 432, 144", // 0.33
        "256, 300, 300, 256, 256",
        "512, 1600, 900, 672, 384", // 0.5625: 0.57
        "512, 100, 1000, 256, 1024", // 10: 4.0
        "1024, 1000, 289, 1856, 512", // 0.289: 0.28
        "1024, 832, 1216, 832, 1216", // 1.4615: 1.46
        "1024, 1000, 3700, 512, 2048", // 3.7: 4.0, since small sizes have no 3.75
        "2048, 1000, 3700, 1024, 3840", // 3.75
        "4096, 1000, 262, 7936, 2048", // 0.262: 0.26
    })
    void theNearestRatioDecides(int side, int width, int height, int w, int h) {
        GenerationRequest r = GenerationRequest.of("a").withSize(width, height);
        GenerationRequest drawn = SizeBins.of(side).orElseThrow().nearest(r);
        assertThat(List.of(drawn.width(), drawn.height())).containsExactly(w, h);
    }

    @Test
    void thereAreAsManySizesAsInTheTables() {
        for (int side : new int[] {256, 512, 1024}) {
            assertThat(SizeBins.of(side).orElseThrow().bins()).hasSize(33);
        }
        for (int side : new int[] {2048, 4096}) {
            assertThat(SizeBins.of(side).orElseThrow().bins()).hasSize(40);
        }
        assertThat(SizeBins.of(128)).isEmpty();
    }

    /// `image_processor.py`, `resize_and_crop_tensor`: rows and columns are those of a bilinear
    /// interpolation of the whole, of which the middle is kept.
    @Test
    void picturesAreResizedUntilTheyCoverAndCut() {
        try (var _ = TensorScope.open()) {
            var ramp = new float[4 * 8];
            for (int i = 0; i < ramp.length; i++) {
                ramp[i] = 10 * (i / 8) + i % 8;
            }
            Tensor x = Tensors.of(ramp, 1, 1, 4, 8);
            Tensor half = SizeBins.cover(x, 2, 2); // 4 x 8 become 2 x 4, columns 1 and 2 are kept
            assertThat(Tensors.floats(half)).containsExactly(7.5f, 9.5f, 27.5f, 29.5f);
            assertThat(Shapes.of(SizeBins.cover(x, 5, 16))).containsExactly(1, 1, 16, 5);
            assertThat(Shapes.of(SizeBins.cover(x, 9, 4))).containsExactly(1, 1, 4, 9);
            assertThat(SizeBins.cover(x, 8, 4)).isSameAs(x);
        }
    }

    /// A network of squares of 256 pixels that is told of the size.
    private TinyFolder pixArt() throws IOException {
        var folder = new TinyFolder(temporary.resolve("pixart"));
        Files.createDirectories(folder.path());
        folder.index("PixArtAlphaPipeline");
        folder.umt5();
        folder.autoencoder("kl_sd"); // a latent stands for 8 x 8 pixels
        folder.write(
                "scheduler/scheduler_config.json",
                "{\"_class_name\": \"DDIMScheduler\", \"clip_sample\": false}");
        var config = new PixArt.Config(32, 2, 4, 8, 24, 1, 2, 32, true, 1, true, 1e-6);
        try (var _ = TensorScope.open();
                var rng = Rng.seeded(1);
                PixArt network = PixArt.initialise(config, rng)) {
            TinyFolder.stir(network.parameters(), rng);
            folder.transformer(PixArtConfigs.json(config), network.parameters());
        }
        return folder;
    }

    private static GenerationRequest request() {
        return GenerationRequest.of("a red cat")
                .withSeed(9)
                .withSteps(2)
                .withSize(100, 37)
                .withTextTokens(6)
                .withGuidance(1);
    }

    /// Returns decoded pictures `[1, 3, height, width]`, written out.
    private static Tensor drawn(TinyFolder folder, int width, int height) {
        Path path = folder.path();
        Sampler sampler =
                SchedulerConfig.read(path.resolve("scheduler/scheduler_config.json"))
                        .sampler(1)
                        .steps(2);
        try (PixArt network =
                        PixArtCheckpoint.open(path.resolve("transformer"))
                                .load(LoadOptions.inference());
                AutoencoderKl vae =
                        AutoencoderKl.load(path.resolve("vae"), LoadOptions.inference());
                var tokenizer = Tokenizer.open(path.resolve("tokenizer"));
                var rng = Rng.seeded(9)) {
            var tokens = tokenizer.encode(List.of("a red cat"), 6);
            var size = new float[] {height, width};
            var conditions =
                    new PixArt.Conditions(
                            folder.encode("text_encoder", tokens.ids(), tokens.mask()),
                            tokens.mask(),
                            new PixArt.Micro(
                                    Tensors.of(size, 1, 2),
                                    Tensors.full(height / (double) width, Dtype.FLOAT32, 1, 1)));
            SamplerState s = sampler.start(rng.normal(1, 4, height / 8, width / 8));
            while (!sampler.done(s)) {
                Tensor t = Tensors.full(sampler.timestep(s), Dtype.FLOAT32, 1);
                Tensor eps = network.forward(s.x(), t, conditions).narrow(1, 0, 4);
                s = sampler.next(s, eps, NoiseSource.NONE);
            }
            return vae.decode(s.x());
        }
    }

    @Test
    void aPictureIsDrawnInTheNearestSizeOfTheTraining() throws IOException {
        TinyFolder folder = pixArt();
        try (var _ = TensorScope.open();
                var pipeline = (TextToImagePipeline) Pipelines.load(folder.path())) {
            GenerationRequest resolved = pipeline.resolve(request());
            assertThat(List.of(resolved.width(), resolved.height())).containsExactly(100, 37);
            List<Picture> made = pipeline.generate(request());
            Ops.noGrad(() -> {
                Tensor x = drawn(folder, 416, 144); // 0.37 is nearest to 0.35
                // 416 x 144 become 106 x 37, of which columns 3 to 102 are kept
                Tensor fitting = Spatial.resizeBilinear(x, 37, 106).narrow(3, 3, 100);
                TinyFolder.requireSame(made, Picture.ofBatch(fitting));
                return 0;
            });
        }
    }

    @Test
    void theSizeItselfCanBeAskedFor() throws IOException {
        TinyFolder folder = pixArt();
        try (var _ = TensorScope.open();
                var pipeline = (TextToImagePipeline) Pipelines.load(folder.path())) {
            assertThatThrownBy(() -> pipeline.resolve(request().withExactSize()))
                    .isInstanceOf(ConfigException.class)
                    .hasMessageStartingWith("the size 100x37 must be divisible by 16");
            List<Picture> made = pipeline.generate(request().withExactSize().withSize(96, 32));
            Ops.noGrad(() -> {
                TinyFolder.requireSame(made, Picture.ofBatch(drawn(folder, 96, 32)));
                return 0;
            });
        }
    }
}
