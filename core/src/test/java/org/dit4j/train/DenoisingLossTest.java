package org.dit4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.diffusion.FlowTarget;
import org.dit4j.diffusion.Interpolant;
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

    @Test
    void anUnknownDensityIsRefusedWithTheConfiguration() {
        assertThatThrownBy(() -> new Objective.Flow(Interpolant.VP, FlowTarget.NOISE, "normal"))
                .hasMessageContaining("logit_normal");
    }
}
