package org.dit4j.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;

class EmulatedBf16Test {
    /// Half a unit in the last of bfloat16's eight bits, and one more for sums in another order.
    private static final double ROUNDING = 1.0 / 256;

    @Test
    void givesTheProductsOfLibtorchsOwnKernel() {
        try (var _ = TensorScope.open();
                var rng = Rng.seeded(1)) {
            Tensor x = Ops.to(rng.normal(5, 7, 64), Dtype.BFLOAT16);
            Tensor w = Ops.to(rng.normal(48, 64), Dtype.BFLOAT16);
            Tensor emulated = emulate(x, w);
            Tensor own = torch.linear(x, w, new TensorOptional());
            assertThat(Dtype.of(emulated)).isEqualTo(Dtype.BFLOAT16);
            double largest = Ops.item(Ops.to(own, Dtype.FLOAT32).abs().max());
            assertThat(Ops.maxAbsDifference(emulated, own)).isLessThan(largest * ROUNDING);
        }
    }

    @Test
    void givesTheGradientsOfAutocast() {
        try (var _ = TensorScope.open();
                var rng = Rng.seeded(2)) {
            Tensor x = rng.normal(6, 32);
            Tensor w = rng.normal(16, 32).set_requires_grad(true);
            Tensor g = Ops.to(rng.normal(6, 16), Dtype.BFLOAT16);
            Tensor[] gradients = new Tensor[2];
            for (int i = 0; i < 2; i++) {
                boolean emulated = i == 0;
                Ops.autocast(
                                Dtype.BFLOAT16,
                                Device.CPU,
                                () ->
                                        emulated
                                                ? emulate(x, w)
                                                : torch.linear(x, w, new TensorOptional()))
                        .backward(
                                g,
                                new org.bytedeco.pytorch.BoolOptional(),
                                false,
                                new org.bytedeco.pytorch.TensorArrayRefOptional());
                gradients[i] = w.grad().clone();
                w.grad().zero_();
            }
            double largest = Ops.item(gradients[1].abs().max());
            assertThat(largest).isPositive();
            assertThat(Ops.maxAbsDifference(gradients[0], gradients[1]))
                    .isLessThan(largest * ROUNDING);
        }
    }

    private static Tensor emulate(Tensor x, Tensor w) {
        return EmulatedBf16.compute(a -> torch.linear(a[0], a[1], new TensorOptional()), x, w);
    }
}
