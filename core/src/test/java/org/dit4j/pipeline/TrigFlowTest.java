package org.dit4j.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.diffusion.Denoiser;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;
import org.junit.jupiter.api.Test;

class TrigFlowTest {
    /// A network that knows data and noise is on the right point of its straight path, and gives
    /// the derivative of the circle.
    @Test
    void theCircleIsTheStraightPathInOtherUnits() {
        try (var _ = TensorScope.open();
                var rng = Rng.seeded(3)) {
            Tensor data = rng.normal(2, 3, 4, 5);
            Tensor noise = rng.normal(2, 3, 4, 5);
            Denoiser flow =
                    (x, s) -> {
                        Tensor share = s.reshape(2, 1, 1, 1);
                        Tensor path = data.add(share.mul(noise.sub(data)));
                        assertThat(Ops.maxAbsDifference(x, path)).isLessThan(1e-6);
                        return noise.sub(data);
                    };
            float[] angles = {0.3F, 1.3F};
            Tensor t = Tensors.of(angles, 2);
            Tensor cosine = t.cos().reshape(2, 1, 1, 1);
            Tensor sine = t.sin().reshape(2, 1, 1, 1);
            Tensor x = data.mul(cosine).add(noise.mul(sine));
            Tensor slope = noise.mul(cosine).sub(data.mul(sine));
            assertThat(Ops.maxAbsDifference(TrigFlow.of(flow).predict(x, t), slope))
                    .isLessThan(1e-6);
        }
    }
}
