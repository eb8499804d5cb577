package org.dit4j.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;
import org.junit.jupiter.api.Test;

class ExponentialStepTest {
    /// The integral of `z e^(z (1 - tau)) m(tau)` by Simpson's rule.
    @Test
    void aPolynomialThroughTheAnswersIsIntegratedExactly() {
        try (var scope = TensorScope.open()) {
            var step = new ExponentialStep(0.7, 0.5, 2, -0.7, 0);
            double[] tau = {0, -0.8, -1.9};
            List<Tensor> answers =
                    List.of(
                            Tensors.scalar(answer(0)),
                            Tensors.scalar(answer(-0.8)),
                            Tensors.scalar(answer(-1.9)));
            Tensor next = step.take(Tensors.scalar(3), tau, answers, step.moments(3));
            double sum = 0;
            int n = 1000;
            for (int i = 0; i <= n; i++) {
                double t = (double) i / n;
                double weight = i == 0 || i == n ? 1 : i % 2 == 1 ? 4 : 2;
                sum += weight / (3 * n) * -0.7 * Math.exp(-0.7 * (1 - t)) * answer(t);
            }
            assertThat(Ops.item(next)).isCloseTo(0.5 * 3 - 2 * sum, within(1e-5));
        }
    }

    private static double answer(double tau) {
        return 2 - 3 * tau + 5 * tau * tau;
    }
}
