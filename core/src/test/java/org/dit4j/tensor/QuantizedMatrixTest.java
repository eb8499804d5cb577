package org.dit4j.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class QuantizedMatrixTest {
    private static final int IN = 128;
    private static final int OUT = 48;

    @Test
    void eachRowOfInt8IsRoundedToA127thOfItsLargestMagnitude() {
        try (var _ = TensorScope.open()) {
            Tensor w = Tensors.of(new float[] {1, -2, 0.5f, 254, 127, -3, 0, 0, 0}, 3, 3);
            Int8Matrix m = Int8Matrix.of(w);
            // 1 / (2 / 127) = 63.5 rounds to even
            assertThat(Tensors.bytes(m.values()))
                    .containsExactly(64, -127, 32, 127, 64, -2, 0, 0, 0);
            assertThat(Tensors.floats(m.scale())[1]).isEqualTo(2);
            assertThat(Tensors.floats(m.dequantized())).containsSequence(254, 128, -4, 0, 0, 0);
        }
    }

    @Test
    void eachGroupOfInt4SpansItsOwnRange() {
        try (var _ = TensorScope.open()) {
            var w = new float[2 * Int4Matrix.GROUP];
            for (int i = 0; i < Int4Matrix.GROUP; i++) {
                w[i] = i % 16; // 0 to 15: one step each
                w[Int4Matrix.GROUP + i] = -4 + 0.5f * (i % 16);
            }
            Int4Matrix m = Int4Matrix.of(Tensors.of(w, 1, w.length));
            assertThat(Tensors.floats(m.scale())).containsExactly(1, 0.5f);
            assertThat(Tensors.floats(m.zero())).containsExactly(8, 0);
            assertThat(Tensors.bytes(m.values())).startsWith(0x10, 0x32, 0x54, 0x76);
            assertThat(Tensors.floats(m.dequantized())).containsExactly(w);
        }
    }

    /// A constant group has no range.
    @Test
    void int4KeepsAConstant() {
        try (var _ = TensorScope.open()) {
            Int4Matrix m = Int4Matrix.of(Tensors.full(0.75, Dtype.FLOAT32, 16, Int4Matrix.GROUP));
            assertThat(Tensors.floats(m.dequantized())).containsOnly(0.75f);
        }
    }

    /// Against whole numbers multiplied in Java.
    @ParameterizedTest
    @CsvSource({"1, true", "5, false", "200, true"})
    void productsOfInt8AreThoseOfRoundedRows(int rows, boolean withBias) {
        assumeTrue(QuantizedKind.INT8.computes(Dtype.FLOAT32));
        try (var _ = TensorScope.open();
                var rng = Rng.seeded(3)) {
            Int8Matrix m = Int8Matrix.of(rng.normal(OUT, IN));
            Tensor x = rng.normal(rows, IN);
            Tensor bias = withBias ? rng.normal(OUT) : null;
            try (var weight = m.prepare(Dtype.FLOAT32)) {
                close(weight.linear(x, bias), expected(x, m, bias), 1e-4);
                Tensor rounded = weight.linear(Ops.to(x, Dtype.FLOAT32), bias);
                assertThat(Shapes.of(rounded)).containsExactly(rows, OUT);
            }
            try (var weight = m.prepare(Dtype.BFLOAT16)) {
                Tensor y = weight.linear(Ops.to(x, Dtype.BFLOAT16), bf16(bias));
                assertThat(Dtype.of(y)).isEqualTo(Dtype.BFLOAT16);
                close(y, expected(x, m, bias), 0.5); // 40 is rounded to 1/8, and inputs are rounded
            }
        }
    }

    /// `s scale sum(q Q) + bias`, the scale s of each row a 127th of its largest magnitude.
    private static double[] expected(Tensor x, Int8Matrix m, @Nullable Tensor bias) {
        float[] a = Tensors.floats(x);
        byte[] w = Tensors.bytes(m.values());
        float[] scale = Tensors.floats(m.scale());
        float[] b = bias == null ? new float[OUT] : Tensors.floats(bias);
        int rows = a.length / IN;
        var y = new double[rows * OUT];
        for (int r = 0; r < rows; r++) {
            float most = 0;
            for (int i = 0; i < IN; i++) {
                most = Math.max(most, Math.abs(a[r * IN + i]));
            }
            float s = most / 127;
            for (int o = 0; o < OUT; o++) {
                long sum = 0;
                for (int i = 0; i < IN; i++) {
                    sum += (long) Math.rint(a[r * IN + i] / s) * w[o * IN + i];
                }
                y[r * OUT + o] = (double) s * scale[o] * sum + b[o];
            }
        }
        return y;
    }

    @Test
    void geluIsComputedInTheProductOfEachSample() {
        assumeTrue(QuantizedKind.INT8.computes(Dtype.FLOAT32));
        try (var _ = TensorScope.open();
                var rng = Rng.seeded(4)) {
            Tensor w = Ops.mul(rng.normal(OUT, IN), 0.1);
            Tensor bias = rng.normal(OUT);
            Tensor x = rng.normal(2, 130, IN);
            Tensor y = Ops.geluTanh(Ops.linear(x, w, bias));
            try (var weight = Int8Matrix.of(w).prepare(Dtype.FLOAT32)) {
                Tensor z = weight.linearGeluTanh(x, bias);
                double error = Ops.item(z.sub(y).square().mean());
                assertThat(error / Ops.item(y.square().mean())).isBetween(1e-9, 1e-3);
                // a sample gets the same alone
                Tensor alone = weight.linearGeluTanh(x.narrow(0, 1, 1), bias);
                assertThat(Ops.maxAbsDifference(alone, z.narrow(0, 1, 1))).isZero();
            }
        }
    }

    /// Another sample of a batch must not change the numbers of this one.
    @Test
    void tokensDoNotDependOnOthers() {
        assumeTrue(QuantizedKind.INT8.computes(Dtype.FLOAT32));
        try (var _ = TensorScope.open();
                var rng = Rng.seeded(5)) {
            Tensor x = rng.normal(2, 8, IN);
            Tensor louder = Ops.cat(0, x.narrow(0, 0, 1), Ops.mul(x.narrow(0, 1, 1), 100));
            try (var weight = Int8Matrix.of(rng.normal(OUT, IN)).prepare(Dtype.FLOAT32)) {
                Tensor a = weight.linear(x, null).narrow(0, 0, 1);
                Tensor b = weight.linear(louder, null).narrow(0, 0, 1);
                assertThat(Ops.maxAbsDifference(a, b)).isZero();
            }
        }
    }

    @Test
    void productsOfInt4AreThoseOfTheNumbersItStandsFor() {
        assumeTrue(QuantizedKind.INT4.computes(Dtype.BFLOAT16));
        try (var _ = TensorScope.open();
                var rng = Rng.seeded(6)) {
            Int4Matrix m = Int4Matrix.of(rng.normal(OUT, IN));
            Tensor x = Ops.to(rng.normal(2, 9, IN), Dtype.BFLOAT16);
            Tensor bias = Ops.to(rng.normal(OUT), Dtype.BFLOAT16);
            Tensor y =
                    Ops.linear(
                            Ops.to(x, Dtype.FLOAT32), m.dequantized(), Ops.to(bias, Dtype.FLOAT32));
            try (var weight = m.prepare(Dtype.BFLOAT16)) {
                Tensor z = Ops.to(weight.linear(x, bias), Dtype.FLOAT32);
                double error = Ops.item(z.sub(y).square().mean());
                assertThat(Math.sqrt(error / Ops.item(y.square().mean()))).isLessThan(0.01);
                assertThat(Shapes.of(z)).containsExactly(2, 9, OUT);
            }
        }
    }

    /// On any processor: against whole numbers multiplied in Java.
    @ParameterizedTest
    @ValueSource(ints = {1, 200})
    void aTrialOfInt8RoundsAsTheKernelDoes(int rows) {
        try (var _ = TensorScope.open();
                var rng = Rng.seeded(8)) {
            Tensor w = rng.normal(OUT, IN);
            Tensor x = rng.normal(rows, IN);
            Tensor bias = rng.normal(OUT);
            try (var trial = new TrialWeight(QuantizedKind.INT8, w)) {
                Tensor plain = Ops.linear(x, w, bias);
                assertThat(Ops.maxAbsDifference(trial.linear(x, bias), plain)).isZero();
                trial.quantize(true);
                double[] rounded = expected(x, Int8Matrix.of(w), bias);
                close(trial.linear(x, bias), rounded, 1e-4);
                assertThat(Ops.maxAbsDifference(trial.linear(x, bias), plain)).isGreaterThan(0.01);
                trial.quantize(false);
                assertThat(Ops.maxAbsDifference(trial.linear(x, bias), plain)).isZero();
            }
        }
    }

    /// Before GELU each long sample has one scale, and each row of a short one.
    @ParameterizedTest
    @CsvSource({"130, 130", "5, 1"})
    void aTrialOfInt8BeforeGeluRoundsWholeSamples(int rows, int together) {
        try (var _ = TensorScope.open();
                var rng = Rng.seeded(9)) {
            Tensor w = Ops.mul(rng.normal(OUT, IN), 0.1);
            Tensor x = rng.normal(2, rows, IN);
            float[] values = Tensors.floats(x);
            for (int from = 0; from < values.length; from += together * IN) {
                float most = 0;
                for (int i = from; i < from + together * IN; i++) {
                    most = Math.max(most, Math.abs(values[i]));
                }
                for (int i = from; i < from + together * IN; i++) {
                    values[i] = (float) Math.rint(values[i] / (most / 127)) * (most / 127);
                }
            }
            Tensor rounded = Tensors.of(values, 2, rows, IN);
            Tensor y = Ops.geluTanh(Ops.linear(rounded, Int8Matrix.of(w).dequantized(), null));
            try (var trial = new TrialWeight(QuantizedKind.INT8, w)) {
                trial.quantize(true);
                close(trial.linearGeluTanh(x, null), Tensors.doubles(y), 1e-5);
            }
        }
    }

    @Test
    void aTrialOfInt4RoundsTheMatrixAlone() {
        try (var _ = TensorScope.open();
                var rng = Rng.seeded(10)) {
            Tensor w = rng.normal(OUT, IN);
            Tensor x = rng.normal(2, 130, IN);
            Tensor rounded = Int4Matrix.of(w).dequantized();
            try (var trial = new TrialWeight(QuantizedKind.INT4, w)) {
                trial.quantize(true);
                Tensor y = trial.linear(x, null);
                assertThat(Ops.maxAbsDifference(y, Ops.linear(x, rounded, null))).isZero();
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void matricesJoinAlongTheirOutputs(QuantizedKind kind) {
        try (var _ = TensorScope.open();
                var rng = Rng.seeded(7)) {
            QuantizedMatrix a = kind.quantize(rng.normal(16, IN));
            QuantizedMatrix b = kind.quantize(rng.normal(32, IN));
            Tensor both = kind.join(java.util.List.of(a, b)).dequantized();
            Tensor apart = Ops.cat(0, a.dequantized(), b.dequantized());
            assertThat(Ops.maxAbsDifference(both, apart)).isZero();
        }
    }

    private static @Nullable Tensor bf16(@Nullable Tensor x) {
        return x == null ? null : Ops.to(x, Dtype.BFLOAT16);
    }

    private static void close(Tensor actual, double[] expected, double tolerance) {
        double[] values = Tensors.doubles(actual);
        assertThat(values).hasSameSizeAs(expected);
        for (int i = 0; i < values.length; i++) {
            assertThat(values[i]).isCloseTo(expected[i], within(tolerance));
        }
    }
}
