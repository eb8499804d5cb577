package org.dit4j.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiFunction;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.autoencoder.AutoencoderKl;
import org.dit4j.autoencoder.LatentScale;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.checkpoint.Quantization;
import org.dit4j.checkpoint.QuantizationTrials;
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
import org.dit4j.pipeline.Pipelines;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.QuantizedKind;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.Shapes;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class QuantizationCalibrationTest {
    private static final GenerationRequest REQUEST =
            GenerationRequest.ofClasses("0", "1", "2").withSteps(4).withSeed(5);

    @TempDir private Path folder;

    /// Of matrices that 4 bits hold exactly, but for one, that one is kept.
    @Test
    void theMatrixThatLosesByRoundingIsKept() {
        String fragile = "blocks.1.attn.proj.weight";
        save((name, noise) -> name.equals(fragile) ? noise : exact(noise));
        QuantizationTrials trials = trials(QuantizedKind.INT4);
        try (Pipeline pipeline = load(trials)) {
            var found = calibrator(pipeline, trials, 100).run(Progress.NONE).orElseThrow();
            assertThat(found.keptMatrices()).hasSize(1);
            var kept = found.keptMatrices().getFirst();
            assertThat(kept.matrix().names()).containsExactly(fragile);
            assertThat(kept.share()).isEqualTo(1);
            // 64 x 64 in float32; in 4 bits with a scale and a middle of 2 bytes for 64 of them
            assertThat(kept.matrix().plain()).isEqualTo(16384);
            assertThat(kept.matrix().quantized()).isEqualTo(2048 + 2 * 2 * 64);
            assertThat(found.quantized())
                    .hasSize(7)
                    .contains("blocks.0.attn.proj.weight", "blocks.1.mlp.fc1.weight")
                    .noneMatch(name -> name.contains("adaLN"));
            assertThat(found.measured()).isEqualTo(new PsnrSpread(110, 0, 110));
            assertThat(found.predicted()).isEqualTo(110);
        }
    }

    @Test
    void asFewAsPossibleAreKept() {
        save((_, noise) -> noise);
        QuantizationTrials trials = trials(QuantizedKind.INT8);
        try (Pipeline pipeline = load(trials)) {
            List<Picture> plain = pipeline.generate(REQUEST);
            double all = kept(pipeline, trials.matrices(), plain, 0).safe();
            var easy = calibrator(pipeline, trials, all - 0.01).run(Progress.NONE).orElseThrow();
            assertThat(easy.kept()).isZero();
            assertThat(easy.predicted()).isCloseTo(easy.measured().mean(), within(1e-9));
            var runs = new AtomicInteger();
            var found =
                    calibrator(pipeline, trials, all + 3)
                            .run((state, calls) -> {
                                runs.addAndGet(state.call() == calls ? 1 : 0);
                                return true;
                            })
                            .orElseThrow();
            assertThat(runs.get()).isBetween(11, QuantizationCalibrator.runs(8));
            assertThat(found.kept()).isBetween(1, 7);
            assertThat(found.matrices().stream().mapToDouble(m -> m.share()).sum())
                    .isCloseTo(1, within(1e-9));
            var order = found.matrices().stream().map(m -> m.matrix()).toList();
            assertThat(kept(pipeline, order, plain, found.kept())).isEqualTo(found.measured());
            assertThat(found.measured().safe()).isGreaterThanOrEqualTo(all + 3);
            assertThat(kept(pipeline, order, plain, found.kept() - 1).safe()).isLessThan(all + 3);
            assertThat(found.way()).isEqualTo(new QuantizationCalibration.Way(3, 4, "dpm++2m", 2));
        }
    }

    @Test
    void aBudgetOutOfReachGivesNothingAndLeavesTheModelAsItWas() {
        save((_, noise) -> noise);
        QuantizationTrials trials = trials(QuantizedKind.INT8);
        try (Pipeline pipeline = load(trials)) {
            List<Picture> plain = pipeline.generate(REQUEST);
            assertThat(calibrator(pipeline, trials, 109.9).run(Progress.NONE)).isEmpty();
            assertThat(spread(plain, pipeline.generate(REQUEST)).least()).isEqualTo(Psnr.EQUAL);
        }
        var none = new QuantizationTrials(folder, QuantizedKind.INT8, _ -> false);
        try (Pipeline pipeline = load(none)) {
            assertThatThrownBy(() -> calibrator(pipeline, none, 30).run(Progress.NONE))
                    .isInstanceOf(ConfigException.class)
                    .hasMessage("the model has no matrix of a block that can be quantized");
        }
    }

    @Test
    void aSpreadIsThatOfASample() {
        PsnrSpread spread = PsnrSpread.of(30, 34, 38);
        assertThat(spread).isEqualTo(new PsnrSpread(34, 4, 30));
        assertThat(spread.safe()).isEqualTo(30);
    }

    /// What the pictures are with all but the first `n` matrices quantized.
    private static PsnrSpread kept(
            Pipeline pipeline, List<QuantizationTrials.Matrix> order, List<Picture> plain, int n) {
        order.forEach(m -> m.weight().quantize(order.indexOf(m) >= n));
        PsnrSpread spread = spread(plain, pipeline.generate(REQUEST));
        order.forEach(m -> m.weight().quantize(false));
        return spread;
    }

    private static PsnrSpread spread(List<Picture> some, List<Picture> others) {
        return PsnrSpread.of(
                IntStream.range(0, some.size())
                        .mapToDouble(i -> Psnr.of(some.get(i), others.get(i)))
                        .toArray());
    }

    private static QuantizationCalibrator calibrator(
            Pipeline pipeline, QuantizationTrials trials, double budget) {
        return new QuantizationCalibrator(pipeline, trials, REQUEST, budget);
    }

    private QuantizationTrials trials(QuantizedKind kind) {
        return new QuantizationTrials(folder.resolve("transformer"), kind, Quantization::usual);
    }

    private Pipeline load(QuantizationTrials trials) {
        return Pipelines.load(folder, LoadOptions.inference().withTrials(trials));
    }

    /// Two numbers that are 15 steps of 1/64 apart.
    private static Tensor exact(Tensor noise) {
        return Ops.mul(Ops.add(Ops.mul(noise.sign(), 15), -1), 1 / 128.0);
    }

    /// Writes a pipeline of two blocks of width 64.
    ///
    /// @param weights gives the matrix of a block by its name and noise of deviation 0.2
    private void save(BiFunction<String, Tensor, Tensor> weights) {
        var config = new Dit.Config(8, 2, 4, 64, 2, 2, 4, 0.1, 3, false, Dit.Variant.ORIGINAL);
        try (var rng = Rng.seeded(1)) {
            Dit network = Dit.initialise(config, rng);
            Ops.noGrad(() -> {
                network.parameters()
                        .trained()
                        .forEach((name, w) -> {
                            Tensor noise = Ops.mul(Ops.like(rng.normal(Shapes.of(w)), w), 0.2);
                            w.copy_(Quantization.usual(name) ? weights.apply(name, noise) : noise);
                        });
                return 0;
            });
            var vae =
                    AutoencoderKl.initialise(
                            AutoencoderKl.Config.of(
                                    List.of(8, 8), 1, 4, 4, false, 16, LatentScale.of(1, 0)),
                            rng);
            var parts =
                    new DitPipeline.Parts(
                            network,
                            vae,
                            DiffusionProcess.gaussian("squaredcos_cap_v2", Target.V),
                            new ClassNames(List.of("cat-face", "dog", "tench")));
            try (var pipeline = new DitPipeline(parts, new GenerationDefaults("dpm++2m", 4, 2))) {
                Pipelines.save(pipeline, folder);
            }
        }
    }
}
