package org.dit4j.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.dit4j.ConfigException;
import org.dit4j.autoencoder.AutoencoderConfigs;
import org.dit4j.autoencoder.AutoencoderKl;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.data.Picture;
import org.dit4j.diffusion.Progress;
import org.dit4j.diffusion.Target;
import org.dit4j.model.Dit;
import org.dit4j.pipeline.ClassNames;
import org.dit4j.pipeline.DiffusionProcess;
import org.dit4j.pipeline.DitPipeline;
import org.dit4j.pipeline.GenerationDefaults;
import org.dit4j.pipeline.GenerationRequest;
import org.dit4j.pipeline.Pipeline;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.ShapeException;
import org.dit4j.tensor.Shapes;
import org.dit4j.tensor.TensorScope;
import org.junit.jupiter.api.Test;

class CacheCalibrationTest {
    private static final String VAE =
            """
            {"_class_name": "AutoencoderKL", "block_out_channels": [8, 8], "layers_per_block": 1,
             "down_block_types": ["DownEncoderBlock2D", "DownEncoderBlock2D"],
             "up_block_types": ["UpDecoderBlock2D", "UpDecoderBlock2D"],
             "norm_num_groups": 4, "latent_channels": 4, "sample_size": 16}
            """;

    private static final GenerationRequest REQUEST = GenerationRequest.of("0").withSteps(12);

    @Test
    void aBudgetTakesTheFastestCacheThatKeepsToItWithItsDeviation() {
        var calibration = calibration(25);
        assertThat(calibration.fastest(35)).map(CacheTrial::cache).contains("taylor:2:1");
        assertThat(calibration.fastest(31)).map(CacheTrial::cache).contains("taylor:4:1");
        assertThat(calibration.fastest(25)).map(CacheTrial::cache).contains("step:0.2:1");
        assertThat(calibration.fastest(45)).isEmpty(); // the best one is slower than no cache
    }

    private static CacheCalibration calibration(double floor) {
        return new CacheCalibration(
                way(REQUEST.withSize(16, 16)),
                floor,
                8,
                List.of(
                        new CacheTrial("taylor:2:0", 50, 1, 1.1),
                        new CacheTrial("taylor:2:1", 38, 2, 0.6),
                        new CacheTrial("step:0.2:1", 36, 10, 0.2),
                        new CacheTrial("taylor:4:1", 33, 2, 0.3)));
    }

    private static CacheCalibration.Way way(GenerationRequest request) {
        return CacheCalibration.Way.of(request, "fp32");
    }

    @Test
    void aCalibrationIsForOneWayToSampleAndDownToItsFloor() {
        var calibration = calibration(25);
        GenerationRequest same = REQUEST.withSize(16, 16).withSeed(9).withCount(3);
        assertThat(calibration.covers(way(same), 25)).isTrue();
        assertThat(calibration.covers(way(same), 24)).isFalse();
        for (GenerationRequest other :
                List.of(
                        same.withSteps(13),
                        same.withGuidance(2),
                        same.withSampler("ddim"),
                        same.withSize(16, 32),
                        same.withGuide(same.guide().during(0.2, 0.8)))) {
            assertThat(calibration.covers(way(other), 30)).isFalse();
        }
        assertThat(calibration.covers(CacheCalibration.Way.of(same, "bf16"), 30)).isFalse();
    }

    @Test
    void trialsMeasureWhatARequestThenGives() {
        try (Pipeline pipeline = pipeline()) {
            var calibration =
                    new CacheCalibrator(pipeline, REQUEST, 2, 15).run("fp32", Progress.NONE);
            assertThat(calibration.covers(way(pipeline.resolve(REQUEST)), 15)).isTrue();
            var strict = new CacheCalibrator(pipeline, REQUEST, 2, 100).run("fp32", Progress.NONE);
            assertThat(strict.trials())
                    .isNotEmpty()
                    .hasSizeLessThan(calibration.trials().size())
                    .allMatch(t -> t.psnr() >= 100);
            CacheTrial trial =
                    calibration.trials().stream()
                            .filter(t -> t.cache().startsWith("taylor") && t.psnr() < Psnr.EQUAL)
                            .findFirst()
                            .orElseThrow();
            var psnr = new double[2];
            for (int i = 0; i < 2; i++) {
                // two pictures of three classes: the classes 0 and 1
                GenerationRequest own =
                        GenerationRequest.of(Integer.toString(i)).withSteps(12).withSeed(1000 + i);
                psnr[i] =
                        Psnr.of(
                                pipeline.generate(own).getFirst(),
                                pipeline.generate(own.withCaching(trial.caching())).getFirst());
            }
            assertThat(trial.psnr()).isCloseTo((psnr[0] + psnr[1]) / 2, within(1e-9));
            assertThat(trial.deviation())
                    .isCloseTo(Math.abs(psnr[0] - psnr[1]) / Math.sqrt(2), within(1e-9));
        }
    }

    private static Pipeline pipeline() {
        var config = new Dit.Config(8, 2, 4, 16, 2, 2, 4, 0.1, 3, false, Dit.Variant.ORIGINAL);
        try (var _ = TensorScope.open();
                var rng = Rng.seeded(1)) {
            Dit network = Dit.initialise(config, rng);
            Ops.noGrad(() -> {
                network.parameters()
                        .trained()
                        .values()
                        .forEach(w -> w.add_(Ops.mul(Ops.like(rng.normal(Shapes.of(w)), w), 0.2)));
                return 0;
            });
            var vae =
                    AutoencoderKl.initialise(
                            AutoencoderConfigs.parseKl(JsonFile.mapper().readTree(VAE), "vae"),
                            rng);
            return new DitPipeline(
                    new DitPipeline.Parts(
                            network,
                            vae,
                            DiffusionProcess.gaussian("squaredcos_cap_v2", Target.V),
                            new ClassNames(List.of("cat-face", "dog", "tench"))),
                    new GenerationDefaults("dpm++2m", 4, 2));
        }
    }

    @Test
    void theRatioOfPicturesIsThatOfTheirBytes() {
        Picture one = Picture.of(2, 1, new byte[] {0, 10, 20, 30, 40, 50});
        Picture other = Picture.of(2, 1, new byte[] {0, 10, 20, 30, 40, 53});
        // the mean square error is 9 / 6
        assertThat(Psnr.of(one, other)).isCloseTo(10 * Math.log10(65025 / 1.5), within(1e-12));
        assertThat(Psnr.of(one, one)).isEqualTo(Psnr.EQUAL);
        assertThatThrownBy(() -> Psnr.of(one, Picture.of(1, 1, new byte[3])))
                .isInstanceOf(ShapeException.class)
                .hasMessage("pictures of 2 x 1 and 1 x 1 cannot be compared");
    }

    @Test
    void whatComesFromAFileIsChecked() {
        assertThatThrownBy(() -> new CacheTrial("taylor", 30, 1, 0.5))
                .isInstanceOf(ConfigException.class);
        assertThatThrownBy(() -> new CacheTrial("taylor:2:1", Double.NaN, 1, 0.5))
                .isInstanceOf(ConfigException.class);
        assertThatThrownBy(() -> new CacheTrial("taylor:2:1", 30, 1, 0))
                .isInstanceOf(ConfigException.class);
        String json = JsonFile.mapper().writeValueAsString(calibration(25));
        assertThat(JsonFile.mapper().readValue(json, CacheCalibration.class))
                .isEqualTo(calibration(25));
    }
}
