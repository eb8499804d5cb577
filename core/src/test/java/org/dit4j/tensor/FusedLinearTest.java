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

    @ParameterizedTest
    @CsvSource({
        "1, FLOAT32",
        "2, FLOAT32",
        "48, FLOAT32",
        "49, FLOAT32",
        "2, FLOAT64",
        "2, BFLOAT16"
    })
    void productsOfFewRowsAgreeWithDoublePrecision(int rows, Dtype dtype) {
        try (var scope = TensorScope.open();
                var rng = Rng.seeded(7)) {
            Tensor x = Ops.to(rng.normal(rows, 1, 70), dtype);
            Tensor weight = Ops.to(Ops.mul(rng.normal(33, 70), 0.1), dtype);
            Tensor bias = Ops.to(rng.normal(33), dtype);
            Tensor product = Ops.to(x, Dtype.FLOAT64).matmul(Ops.to(weight, Dtype.FLOAT64).t());
            Tensor wanted = product.add(Ops.to(bias, Dtype.FLOAT64));
            double tolerance = dtype == Dtype.BFLOAT16 ? 2e-2 : 3e-6;
            Tensor y = Ops.noGrad(() -> FusedLinear.plain(x, weight, bias));
            assertThat(Shapes.of(y)).containsExactly(rows, 1, 33);
            assertThat(Dtype.of(y)).isEqualTo(dtype);
            assertThat(Ops.maxAbsDifference(y, wanted)).isLessThan(tolerance);
            Tensor without = Ops.noGrad(() -> FusedLinear.plain(x, weight, null));
            assertThat(Ops.maxAbsDifference(without, product)).isLessThan(tolerance);
        }
    }

    @Test
    void hasGradients() {
        try (var scope = TensorScope.open();
                var rng = Rng.seeded(6)) {
            Tensor weight = rng.normal(6, 8).set_requires_grad(true);
            FusedLinear.geluTanh(rng.normal(2, 8), weight, null).sum().backward();
            assertThat(Ops.item(weight.grad().abs().sum())).isPositive();
            Tensor other = rng.normal(6, 8).set_requires_grad(true);
            FusedLinear.plain(rng.normal(2, 8), other, null).sum().backward();
            assertThat(Ops.item(other.grad().abs().sum())).isPositive();
        }
    }
}
