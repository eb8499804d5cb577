package org.dit4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.diffusion.FlowTarget;
import org.dit4j.diffusion.Interpolant;
import org.dit4j.diffusion.Target;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;
import org.junit.jupiter.api.Test;

class DenoisingLossTest {
    @Test
    void aFlowDrawsTheNoiseFirstAndThenTheTimes() {
        try (var scope = TensorScope.open();
                Rng rng = Rng.seeded(3);
                Rng same = Rng.seeded(3)) {
            Tensor x1 = Tensors.linspace(-1, 1, 24).reshape(2, 3, 2, 2);
            Tensor noise = same.normal(2, 3, 2, 2);
            Tensor t = same.uniform(2);
            var objective = new Objective.Flow(Interpolant.LINEAR, FlowTarget.VELOCITY, "uniform");
            var drawn =
                    DenoisingLoss.of(objective, false)
                            .of(
                                    (x, time) -> {
                                        Tensor s = t.reshape(2, 1, 1, 1);
                                        Tensor left = Ops.add(s.neg(), 1);
                                        Tensor wanted = s.mul(x1).add(left.mul(noise));
                                        assertThat(Ops.maxAbsDifference(x, wanted))
                                                .isLessThan(1e-6);
                                        assertThat(Ops.maxAbsDifference(time, t)).isZero();
                                        return x1.sub(noise);
                                    },
                                    x1,
                                    rng);
            assertThat(Tensors.floats(drawn.terms().loss())).containsOnly(0);
            assertThat(drawn.positions()).containsExactly(Tensors.doubles(t));
        }
    }

    /// Half of the times are above the shifted middle, and a tenth above the shifted nine tenths.
    @Test
    void shiftedTimesOfAGaussianProcessStandNearerToTheNoise() {
        var objective = new Objective.Gaussian("squaredcos_cap_v2", Target.V, 0, 4);
        try (var scope = TensorScope.open();
                Rng rng = Rng.seeded(3)) {
            double[] at =
                    DenoisingLoss.of(objective, false)
                            .of((x, t) -> x, Tensors.zeros(Dtype.FLOAT32, 20_000, 1, 1, 1), rng)
                            .positions();
            assertThat(Arrays.stream(at)).allMatch(t -> t >= 0 && t < 1);
            assertThat(shareAbove(at, 4 * 0.5 / (1 + 3 * 0.5))).isCloseTo(0.5, within(0.015));
            assertThat(shareAbove(at, 4 * 0.9 / (1 + 3 * 0.9))).isCloseTo(0.1, within(0.01));
        }
    }

    private static double shareAbove(double[] at, double bound) {
        return Arrays.stream(at).filter(t -> t >= bound).count() / (double) at.length;
    }

    @Test
    void aShiftMustBePositive() {
        assertThatThrownBy(() -> new Objective.Gaussian("linear", Target.V, 0, 0))
                .hasMessage("time_shift must be above 0, not 0.0");
    }

    @Test
    void anUnknownDensityIsRefusedWithTheConfiguration() {
        assertThatThrownBy(() -> new Objective.Flow(Interpolant.VP, FlowTarget.NOISE, "normal"))
                .hasMessageContaining("logit_normal");
    }
}
