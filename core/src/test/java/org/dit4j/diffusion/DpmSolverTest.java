package org.dit4j.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class DpmSolverTest {
    /// The data of these tests is N(0, 0.5^2), so the best network and the exact solution are
    /// known.
    private static final double VARIANCE = 0.25;

    private static final GaussianDiffusion TRAINING = GaussianDiffusion.dit();
    private TensorScope scope;

    @BeforeEach
    void open() {
        scope = TensorScope.open();
    }

    @AfterEach
    void close() {
        scope.close();
    }

    @Test
    void theErrorFallsWithTheOrderOfTheMethod() {
        for (int order = 1; order <= 3; order++) {
            var method = solver(order, DpmSolver.Algorithm.DPM_SOLVER_PP, false);
            double ratio = error(method, 20) / error(method, 40);
            assertThat(ratio).as("order %d", order).isGreaterThan(Math.pow(2, order) * 0.7);
        }
    }

    @Test
    void theNoiseFormReachesTheSameSolution() {
        assertThat(error(solver(2, DpmSolver.Algorithm.DPM_SOLVER, false), 100)).isLessThan(2e-3);
        assertThat(error(solver(3, DpmSolver.Algorithm.DPM_SOLVER, false), 100)).isLessThan(2e-3);
    }

    @Test
    void theStochasticFormsGiveTheVarianceOfTheData() {
        for (var algorithm :
                new DpmSolver.Algorithm[] {
                    DpmSolver.Algorithm.SDE_DPM_SOLVER_PP, DpmSolver.Algorithm.SDE_DPM_SOLVER
                }) {
            Sampler sampler = solver(2, algorithm, false).steps(60);
            try (var rng = Rng.seeded(3)) {
                Tensor start = rng.normal(1, 1, 200, 200);
                Tensor x = Sampling.run(sampler, best(sampler), start, NoiseSource.of(rng));
                assertThat(Ops.item(x.square().mean()))
                        .as("%s", algorithm)
                        .isBetween(VARIANCE * 0.95, VARIANCE * 1.05);
            }
        }
    }

    @Test
    void aRunThatEndsAtTheDataFindsASinglePoint() {
        Sampler sampler = DpmSolver.secondOrder(TRAINING).steps(7);
        Denoiser network =
                (x, t) -> {
                    double bar = TRAINING.schedule().alphaBar().at((int) Tensors.floats(t)[0]);
                    return Ops.div(Ops.add(x, -3 * Math.sqrt(bar)), Math.sqrt(1 - bar));
                };
        Tensor x =
                Sampling.run(
                        sampler,
                        network,
                        Tensors.full(0.7, Dtype.FLOAT32, 1, 1, 2),
                        NoiseSource.NONE);
        assertThat(Tensors.floats(x))
                .containsOnly(new float[] {3, 3}, org.assertj.core.data.Offset.offset(1e-3f));
    }

    @Test
    void numbersOfStepsThatMakeNoSenseAreRefused() {
        var method = DpmSolver.secondOrder(TRAINING);
        assertThatThrownBy(() -> method.steps(0))
                .isInstanceOf(ConfigException.class)
                .hasMessage(
                        "the number of sampling steps must be in 1..1000, the number of training"
                                + " steps, but is 0");
        assertThatThrownBy(() -> method.steps(1001)).hasMessageContaining("1..1000");
        assertThatThrownBy(() -> method.steps(1000)).hasMessageContaining("too many");
        assertThat(method.steps(999).calls()).isEqualTo(999);
        assertThat(method.steps(1).calls()).isEqualTo(1);
    }

    @Test
    void theNoiseFormCannotEndWithoutNoise() {
        var method = solver(2, DpmSolver.Algorithm.DPM_SOLVER, true);
        assertThatThrownBy(() -> method.steps(10)).hasMessageContaining("cannot end at 0");
    }

    private static DpmSolver solver(int order, DpmSolver.Algorithm algorithm, boolean toData) {
        var spacing =
                TrainedLevels.of(
                        TRAINING,
                        NoiseCurve.EXPONENTIAL,
                        toData ? TrainedLevels.End.DATA : TrainedLevels.End.TRAINED);
        return new DpmSolver(
                spacing,
                Prediction.EPSILON,
                DataLimit.NONE,
                algorithm,
                order,
                DpmSolver.Correction.HEUN,
                false,
                false);
    }

    /// The network reads the level from the sampler, not from the timestep, which is rounded.
    private static Denoiser best(Sampler sampler) {
        var levels = ((DpmSolverSampler) sampler).levels();
        int[] call = {0};
        return (x, t) -> {
            double alpha = levels.alpha().at(call[0]);
            double sigma = levels.sigma().at(call[0]++);
            return Ops.mul(x, sigma / (alpha * alpha * VARIANCE + sigma * sigma));
        };
    }

    /// The exact solution keeps `x / std(x)`.
    private static double error(DpmSolver method, int steps) {
        Sampler sampler = method.steps(steps);
        var levels = ((DpmSolverSampler) sampler).levels();
        Tensor start = Tensors.full(1, Dtype.FLOAT64, 1, 1, 1);
        Tensor x = Sampling.run(sampler, best(sampler), start, NoiseSource.NONE);
        return Math.abs(Ops.item(x) - std(levels, steps) / std(levels, 0));
    }

    private static double std(NoiseLevels levels, int i) {
        return Math.sqrt(
                Math.pow(levels.alpha().at(i), 2) * VARIANCE + Math.pow(levels.sigma().at(i), 2));
    }
}
