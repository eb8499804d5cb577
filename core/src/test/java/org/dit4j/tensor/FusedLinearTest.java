package org.dit4j.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FusedLinearTest {
    @ParameterizedTest
    @CsvSource({"FLOAT64, 1e-12", "FLOAT32, 1e-5", "BFLOAT16, 2e-2"})
    void agreesWithTheFormula(Dtype dtype, double tolerance) {
        try (var scope = TensorScope.open();
                var rng = Rng.seeded(5)) {
            Tensor x = Ops.to(rng.normal(2, 3, 8), dtype);
            Tensor weight = Ops.to(Ops.mul(rng.normal(6, 8), 0.3), dtype);
            Tensor bias = Ops.to(rng.normal(6), dtype);
            Tensor z =
                    Ops.to(x, Dtype.FLOAT64)
                            .matmul(Ops.to(weight, Dtype.FLOAT64).t())
                            .add(Ops.to(bias, Dtype.FLOAT64));
            Tensor inner = Ops.addScaled(z, Ops.pow(z, 3), 0.044715);
            Tensor wanted =
                    Ops.mul(z.mul(Ops.add(Ops.mul(inner, Math.sqrt(2 / Math.PI)).tanh(), 1)), 0.5);
            Tensor y = Ops.noGrad(() -> FusedLinear.geluTanh(x, weight, bias));
            assertThat(Dtype.of(y)).isEqualTo(dtype);
            assertThat(Ops.maxAbsDifference(y, wanted)).isLessThan(tolerance);
            Tensor plain = Ops.noGrad(() -> FusedLinear.geluTanh(x, weight, null));
            Tensor zero = Tensors.zeros(dtype, 6);
            Tensor withZero = Ops.noGrad(() -> FusedLinear.geluTanh(x, weight, zero));
            assertThat(Ops.maxAbsDifference(plain, withZero)).isLessThan(tolerance);
        }
    }

    @Test
    void hasGradients() {
        try (var scope = TensorScope.open();
                var rng = Rng.seeded(6)) {
            Tensor weight = rng.normal(6, 8).set_requires_grad(true);
            FusedLinear.geluTanh(rng.normal(2, 8), weight, null).sum().backward();
            assertThat(Ops.item(weight.grad().abs().sum())).isPositive();
        }
    }
}
