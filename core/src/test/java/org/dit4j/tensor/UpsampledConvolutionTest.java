package org.dit4j.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class UpsampledConvolutionTest {
    @ParameterizedTest
    @CsvSource({"FLOAT64, 16, 18, 1e-12", "FLOAT64, 3, 2, 1e-12", "FLOAT32, 16, 18, 3e-5"})
    void isAConvolutionOfTheRepeatedPixels(Dtype dtype, long h, long w, double tolerance) {
        try (var scope = TensorScope.open();
                var rng = Rng.seeded(1)) {
            Tensor x = Ops.channelsLast(Ops.to(rng.normal(2, 5, h, w), dtype));
            Tensor weight = Ops.to(rng.normal(7, 5, 3, 3), dtype);
            Tensor bias = Ops.to(rng.normal(7), dtype);
            Tensor y = Ops.noGrad(() -> UpsampledConvolution.forward(x, weight, bias));
            Tensor wanted = Ops.conv2d(Ops.upsampleNearest2x(x), weight, bias, 1, 1);
            assertThat(Shapes.of(y)).containsExactly(2, 7, 2 * h, 2 * w);
            assertThat(Dtype.of(y)).isEqualTo(dtype);
            assertThat(Ops.maxAbsDifference(y, wanted)).isLessThan(tolerance);
        }
    }

    @Test
    void isAsCloseInBfloat16AsRoundedWeightsAre() {
        try (var scope = TensorScope.open();
                var rng = Rng.seeded(2)) {
            Tensor x = Ops.channelsLast(Ops.to(rng.normal(1, 32, 16, 16), Dtype.BFLOAT16));
            Tensor weight = Ops.to(rng.normal(32, 32, 3, 3), Dtype.BFLOAT16);
            Tensor y = Ops.noGrad(() -> UpsampledConvolution.forward(x, weight, null));
            Tensor exact =
                    Ops.conv2d(
                            Ops.upsampleNearest2x(Ops.to(x, Dtype.FLOAT64)),
                            Ops.to(weight, Dtype.FLOAT64),
                            null,
                            1,
                            1);
            Tensor error = Ops.to(y, Dtype.FLOAT64).sub(exact);
            double relative =
                    Math.sqrt(
                            Ops.item(error.mul(error).mean()) / Ops.item(exact.mul(exact).mean()));
            // half a unit of the last of 8 bits is 2^-9, uniform rounding errors 2^-9 / sqrt(3)
            assertThat(relative).isLessThan(3 * Math.pow(2, -9) / Math.sqrt(3));
        }
    }

    @Test
    void hasGradients() {
        try (var scope = TensorScope.open();
                var rng = Rng.seeded(3)) {
            Tensor x = rng.normal(1, 2, 16, 16).set_requires_grad(true);
            Tensor weight = rng.normal(2, 2, 3, 3);
            UpsampledConvolution.forward(x, weight, null).sum().backward();
            assertThat(Ops.item(x.grad().abs().sum())).isPositive();
        }
    }
}
