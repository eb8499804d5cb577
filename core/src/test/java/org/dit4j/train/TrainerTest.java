package org.dit4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.checkpoint.StateDict;
import org.dit4j.nn.Init;
import org.dit4j.nn.ParameterSource;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.Tensors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainerTest {
    @TempDir Path folder;

    private static TrainerOptions options(long steps) {
        return new TrainerOptions(
                3,
                steps,
                2,
                2,
                Optimizer.Kind.ADAMW,
                1e-2,
                LearningRate.COSINE,
                4,
                0.9,
                0.99,
                1e-8,
                0.01,
                1.0,
                0.9,
                false,
                5,
                10,
                0);
    }

    private static Trainer trainer(TrainingTask task, Path run) {
        return new Trainer(task, options(40), run, "line", TrainingListener.silent());
    }

    /// Everything a run left behind, as plain numbers.
    private static Map<String, List<Float>> state(Path run) {
        var numbers = new TreeMap<String, List<Float>>();
        try (var dict = StateDict.open(TrainState.newest(run).orElseThrow())) {
            for (String name : dict.names()) {
                var values = new java.util.ArrayList<Float>();
                for (float f : Tensors.floats(dict.tensor(name))) {
                    values.add(f);
                }
                numbers.put(name, values);
            }
        }
        return numbers;
    }

    @Test
    void aRunThatWasCutOffContinuesBitByBit() {
        Path whole = folder.resolve("whole");
        try (var task = new LineTask(1);
                var trainer = trainer(task, whole)) {
            trainer.run();
        }
        Path cut = folder.resolve("cut");
        try (var task = new LineTask(1);
                var trainer = new Trainer(task, options(40), cut, "line", new StopAt(23))) {
            StopAt.trainer = trainer;
            trainer.run();
            assertThat(trainer.step()).isEqualTo(23);
        }
        try (var task = new LineTask(1);
                var trainer = trainer(task, cut)) {
            assertThat(trainer.resume()).isTrue();
            trainer.run();
        }
        assertThat(state(cut))
                .isEqualTo(state(whole))
                .containsKeys("rng", "ema.line.weight", "exp_avg_sq.line.weight");
    }

    @Test
    void metricsHaveOneLineForEachLogStepEvenAfterResuming() throws Exception {
        try (var task = new LineTask(1);
                var trainer = trainer(task, folder)) {
            trainer.run();
        }
        Files.writeString(
                folder.resolve("metrics.jsonl"),
                Files.readString(folder.resolve("metrics.jsonl")) + "{\"step\": 45}\n{\"st");
        try (var task = new LineTask(1);
                var trainer = trainer(task, folder)) {
            trainer.resume();
            trainer.run();
        }
        List<String> lines = Files.readAllLines(folder.resolve("metrics.jsonl"));
        assertThat(lines)
                .hasSize(8)
                .allMatch(l -> l.contains("\"loss_t00\"") && l.contains("\"gradient_norm\""));
        try (var files = Files.list(folder.resolve("tensorboard"))) {
            assertThat(files).isNotEmpty();
        }
    }

    @Test
    void notANumberStopsTrainingWithItsNameAndStep() {
        try (var task = new LineTask(Float.POSITIVE_INFINITY);
                var trainer = trainer(task, folder)) {
            assertThatThrownBy(trainer::run)
                    .isInstanceOf(TrainingException.class)
                    .hasMessageMatching("step \\d+: the loss is not finite; .*");
            assertThat(Ops.isFinite(task.parameters().all().get("line.weight"))).isTrue();
        }
        try (var task = new LineTask(1);
                var trainer = trainer(task, folder)) {
            Ops.noGrad(() -> Ops.fill_(task.parameters().all().get("line.weight"), Double.NaN));
            assertThatThrownBy(trainer::run)
                    .hasMessageStartingWith("step 1: parameter line.weight is not finite");
        }
    }

    @Test
    void aCheckpointOfAnotherConfigurationIsRefused() {
        try (var task = new LineTask(1);
                var trainer = trainer(task, folder)) {
            trainer.save();
        }
        try (var task = new LineTask(1);
                var trainer =
                        new Trainer(
                                task, options(40), folder, "other", TrainingListener.silent())) {
            assertThatThrownBy(trainer::resume)
                    .hasMessageContaining(
                            "was written with another configuration (line, now other)");
        }
    }

    @Test
    void stepsLeaveNothingBehind() {
        try (var task = new LineTask(1)) {
            var counts = new long[41];
            var listener =
                    new TrainingListener() {
                        @Override
                        public void step(long step, long steps, double loss, double perSecond) {
                            counts[(int) step] = Pointer.totalCount();
                        }

                        @Override
                        public void wrote(String what, Path file) {}
                    };
            try (var trainer = new Trainer(task, options(40), folder, "line", listener)) {
                trainer.run();
            }
            assertThat(counts[39]).isEqualTo(counts[15]);
        }
    }

    @Test
    void adamWFollowsThePapersFormula() {
        ParameterSource source = ParameterSource.initialising(Rng.seeded(1));
        Tensor w = source.parameter("w", Init.constant(1.5), 1);
        double expected = 1.5;
        double m = 0;
        double v = 0;
        try (var optimizer =
                new AdamW(source.parameters(), new AdamW.Options(0.8, 0.95, 1e-6, 0.1))) {
            for (int step = 1; step <= 5; step++) {
                w.mul(w).mul(w).backward();
                double g = 3 * expected * expected;
                optimizer.step(0.05);
                m = 0.8 * m + 0.2 * g;
                v = 0.95 * v + 0.05 * g * g;
                expected -= 0.05 * 0.1 * expected;
                expected -=
                        0.05
                                * (m / (1 - Math.pow(0.8, step)))
                                / (Math.sqrt(v / (1 - Math.pow(0.95, step))) + 1e-6);
                assertThat(Ops.item(w)).isCloseTo(expected, within(1e-5));
            }
        }
        source.parameters().close();
    }

    @Test
    void averagesFollowTheFormulaAndTheWeightsComeBackExactly() {
        ParameterSource source = ParameterSource.initialising(Rng.seeded(1));
        Tensor w = source.parameter("w", Init.constant(1), 1);
        try (var ema = new Ema(source.parameters())) {
            Ops.noGrad(() -> Ops.fill_(w, 3));
            ema.update(0.9);
            assertThat(Ops.item(ema.weights().get("w"))).isCloseTo(0.9 * 1 + 0.1 * 3, within(1e-6));
            ema.during(() -> assertThat(Ops.item(w)).isCloseTo(1.2, within(1e-6)));
            assertThat(Ops.item(w)).isEqualTo(3);
        }
        source.parameters().close();
    }

    @Test
    void learningRatesWarmUpAndFall() {
        assertThat(LearningRate.CONSTANT.at(5, 100, 10, 2)).isEqualTo(1);
        assertThat(LearningRate.CONSTANT.at(60, 100, 10, 2)).isEqualTo(2);
        assertThat(LearningRate.COSINE.at(55, 100, 10, 2)).isCloseTo(1, within(1e-12));
        assertThat(LearningRate.LINEAR.at(100, 100, 10, 2)).isZero();
    }

    private static final class StopAt implements TrainingListener {
        private static Trainer trainer;
        private final long at;

        StopAt(long at) {
            this.at = at;
        }

        @Override
        public void step(long step, long steps, double loss, double examplesPerSecond) {
            if (step == at) {
                trainer.stop();
            }
        }

        @Override
        public void wrote(String what, Path file) {}
    }
}
