package org.dit4j.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AttentionKernelTest {
    private static final double SCALE = 0.25;

    @ParameterizedTest
    @CsvSource({"FLOAT64, 1e-12", "FLOAT32, 2e-6", "BFLOAT16, 3e-2"})
    void agreesWithSoftmaxInFloat64(Dtype dtype, double tolerance) {
        try (var scope = TensorScope.open();
                var rng = Rng.seeded(1)) {
            Tensor q = draw(rng, dtype, 2, 3, 70, 16);
            Tensor k = draw(rng, dtype, 2, 3, 50, 16);
            Tensor v = draw(rng, dtype, 2, 3, 50, 16);
            Tensor mask = draw(rng, dtype, 2, 1, 70, 50);
            Tensor y = Ops.noGrad(() -> AttentionKernel.attend(q, k, v, mask, SCALE));
            assertThat(Dtype.of(y)).isEqualTo(dtype);
            assertThat(Ops.maxAbsDifference(y, reference(q, k, v, mask))).isLessThan(tolerance);
        }
    }

    /// Several blocks of queries, and groups of two heads and one.
    @ParameterizedTest
    @CsvSource({"FLOAT64, 1e-12", "BFLOAT16, 1e-2"})
    void blocksAgreeWithSoftmaxInFloat64(Dtype dtype, double tolerance) {
        try (var scope = TensorScope.open();
                var rng = Rng.seeded(4)) {
            Tensor q = draw(rng, dtype, 2, 300, 3, 16).transpose(1, 2);
            Tensor k = draw(rng, dtype, 2, 3, 2000, 16);
            Tensor v = draw(rng, dtype, 2, 3, 2000, 16);
            Tensor mask = draw(rng, dtype, 2, 1, 1, 2000);
            Tensor y = BlockedAttention.attend(q, k, v, mask, SCALE);
            assertThat(Ops.maxAbsDifference(y, reference(q, k, v, mask))).isLessThan(tolerance);
            assertThat(y.transpose(1, 2).is_contiguous()).isTrue();
            Tensor none = BlockedAttention.attend(q, k, v, null, SCALE);
            Tensor zeros = Tensors.zeros(dtype, 1, 1);
            assertThat(Ops.maxAbsDifference(none, reference(q, k, v, zeros))).isLessThan(tolerance);
        }
    }

    @ParameterizedTest
    @CsvSource({"FLOAT64, 1e-12", "FLOAT32, 1e-5"})
    void bothPathsGiveTheSameGradients(Dtype dtype, double tolerance) {
        try (var scope = TensorScope.open();
                var rng = Rng.seeded(2)) {
            Tensor[] x = new Tensor[3];
            for (int i = 0; i < 3; i++) {
                x[i] = draw(rng, dtype, 2, 2, 64, 8).set_requires_grad(true);
            }
            Tensor weights = draw(rng, dtype, 2, 2, 64, 8);
            AttentionKernel.explicit(x[0], x[1], x[2], null, SCALE).mul(weights).sum().backward();
            Tensor[] explicit = new Tensor[3];
            for (int i = 0; i < 3; i++) {
                explicit[i] = x[i].grad().clone();
                x[i].grad().zero_();
            }
            AttentionKernel.attend(x[0], x[1], x[2], null, SCALE).mul(weights).sum().backward();
            for (int i = 0; i < 3; i++) {
                assertThat(Ops.maxAbsDifference(x[i].grad(), explicit[i])).isLessThan(tolerance);
            }
        }
    }

    /// The hooks of the backward pass outlive the scope of the forward pass.
    @Test
    void aGraphMayOutliveTheScopeItWasMadeIn() {
        try (var scope = TensorScope.open();
                var rng = Rng.seeded(3)) {
            Tensor x = draw(rng, Dtype.FLOAT32, 1, 2, 64, 8).set_requires_grad(true);
            for (int i = 0; i < 20; i++) {
                Tensor y =
                        TensorScope.compute(() ->
                                AttentionKernel.attend(x, x, Ops.mul(x, 2), null, SCALE).sum());
                y.backward();
            }
            assertThat(Ops.isFinite(x.grad())).isTrue();
        }
    }

    private static Tensor draw(Rng rng, Dtype dtype, long... shape) {
        return Ops.to(rng.normal(shape), dtype);
    }

    private static Tensor reference(Tensor q, Tensor k, Tensor v, Tensor mask) {
        Tensor keys = Ops.to(k, Dtype.FLOAT64).transpose(-2, -1);
        Tensor scores = Ops.mul(Ops.to(q, Dtype.FLOAT64).matmul(keys), SCALE);
        return Ops.softmax(scores.add(Ops.to(mask, Dtype.FLOAT64)), -1)
                .matmul(Ops.to(v, Dtype.FLOAT64));
    }
}
