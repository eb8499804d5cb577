package org.dit4j.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.Shapes;
import org.dit4j.tensor.TensorScope;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class CosineDpmSolverTest {
    private TensorScope scope;

    @BeforeEach
    void open() {
        scope = TensorScope.open();
    }

    @AfterEach
    void close() {
        scope.close();
    }

    private static SchedulerConfig parse(String more) {
        String json =
                "{\"_class_name\": \"CosineDPMSolverMultistepScheduler\", \"sigma_max\": 80"
                        + more
                        + "}";
        return SchedulerConfig.parse(JsonFile.mapper().readTree(json), "scheduler");
    }

    @Test
    void theLevelsHaveEqualRatiosAndTheirAngleIsTheTime() {
        NoiseLevels levels =
                new CosineLevels(0.3, 500, OptionalDouble.empty(), CosineLevels.End.DATA).levels(4);
        double ratio = Math.pow(0.3 / 500, 1 / 3.0);
        for (int i = 0; i < 4; i++) {
            double sigma = 500 * Math.pow(ratio, i);
            assertThat(levels.sigma().at(i)).isCloseTo(sigma, within(1e-6 * sigma));
            double turned = Math.tan(levels.timesteps().at(i) * Math.PI / 2);
            assertThat(turned).isCloseTo(sigma, within(2e-4 * sigma));
            assertThat(levels.alpha().at(i)).isEqualTo(1);
        }
        assertThat(levels.sigma().at(4)).isZero();
    }

    @Test
    void theCurveOfKarrasHasEqualStepsOfARoot() {
        NoiseLevels levels =
                new CosineLevels(0.3, 500, OptionalDouble.of(7), CosineLevels.End.LEAST).levels(3);
        double middle = (Math.pow(500, 1 / 7.0) + Math.pow(0.3, 1 / 7.0)) / 2;
        assertThat(levels.sigma().at(1)).isCloseTo(Math.pow(middle, 7), within(1e-4));
        assertThat(levels.sigma().at(3)).isEqualTo(levels.sigma().at(2));
    }

    /// With data of size 1 a run is one of the stochastic DPM-Solver++ on a circle, where the
    /// sample is `alpha = 1 / sqrt(sigma^2 + 1)` times as large.
    @Test
    void aRunIsThatOfTheUsualSolverInOtherCoordinates() {
        for (String kind : new String[] {"midpoint", "heun"}) {
            Sampler cosine = parse(", \"solver_type\": \"" + kind + "\"").sampler().steps(6);
            NoiseLevels levels = ((LeveledSampler) cosine).levels();
            var solver =
                    new DpmSolver(
                            _ -> NoiseLevels.circular(levels.timesteps(), levels.sigma()),
                            Prediction.V,
                            DataLimit.NONE,
                            DpmSolver.Algorithm.SDE_DPM_SOLVER_PP,
                            2,
                            kind.equals("heun")
                                    ? DpmSolver.Correction.HEUN
                                    : DpmSolver.Correction.MIDPOINT,
                            true,
                            false);
            Tensor noise = draws(1).getFirst();
            Tensor expected = run(solver.steps(6), noise);
            assertThat(Ops.maxAbsDifference(run(cosine, noise), expected)).isLessThan(1e-4);
        }
    }

    private static List<Tensor> draws(long seed) {
        var draws = new ArrayList<Tensor>();
        try (var rng = Rng.seeded(seed)) {
            for (int i = 0; i < 7; i++) {
                draws.add(rng.normal(1, 2, 5));
            }
        }
        return draws;
    }

    private static Tensor run(Sampler sampler, Tensor noise) {
        NoiseSource source = NoiseSource.replay(Ops.stack(0, draws(2)));
        Denoiser network = (x, t) -> Ops.add(Ops.mul(x.sin(), 0.7), 0.1).mul(t.reshape(1, 1, 1));
        return Sampling.run(sampler, network, noise, source);
    }

    @Test
    void dataOfAnotherSizeIsSeenInItsSize() {
        Sampler sampler = parse(", \"sigma_data\": 0.5").sampler().steps(3);
        Tensor noise = draws(1).getFirst();
        SamplerState s = sampler.start(noise);
        // 80 is the first level; the run starts at sqrt(80^2 + 1) times the noise
        Tensor seen = Ops.mul(noise, Math.sqrt(6401) / Math.sqrt(6400.25));
        assertThat(Ops.maxAbsDifference(sampler.modelInput(s), seen)).isLessThan(1e-5);
        // an answer of zero says that the data is what is left of the sample
        Tensor zero = Ops.mul(noise, 0);
        SamplerState next = sampler.next(s, zero, NoiseSource.replay(Ops.stack(0, draws(2))));
        Tensor kept = Ops.mul(s.x(), 0.25 / 6400.25);
        assertThat(Ops.maxAbsDifference(next.x0(), kept)).isLessThan(1e-6);
        assertThat(Shapes.of(next.x())).containsExactly(1, 2, 5);
    }

    @Test
    void timeEndsAtOne() {
        assertThat(parse("").lastTime()).isEqualTo(1);
        assertThat(parse("").training()).isEmpty();
    }

    @Test
    void wrongNumbersAreNamed() {
        assertThatThrownBy(() -> parse(", \"solver_order\": 3"))
                .isInstanceOf(ConfigException.class)
                .hasMessage("solver_order must be 1 or 2, not 3");
        assertThatThrownBy(() -> parse(", \"sigma_min\": 90"))
                .hasMessage("sigma_min 90.0 must be above 0 and below sigma_max 80.0");
        assertThatThrownBy(() -> parse(", \"sigma_schedule\": \"cosine\""))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("sigma_schedule");
    }
}
