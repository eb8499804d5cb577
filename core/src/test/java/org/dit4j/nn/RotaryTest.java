package org.dit4j.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.nn.GridRegion.Spacing;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.Shapes;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RotaryTest {
    /// Bounds that `get_fill_resize_and_crop` of Tencent/HunyuanDiT gives, worked by hand.
    @ParameterizedTest
    @CsvSource({
        "32,64,64, 0,0,32,32",
        "32,10,6, 0,6,32,19", // 32 / 10 * 6 = 19.2; (32 - 19) / 2 = 6.5, to even 6
        "32,5,13, 10,0,12,32", // 32 / 13 * 5 = 12.3
        "32,96,64, 0,6,32,21", // 21.3; 5.5, to even 6
        "8,6,10, 2,0,5,8", // 4.8; 1.5, to even 2
        "8,1,1, 0,0,8,8",
        "4,1,40, 2,0,0,4"
    })
    void aGridFillsTheBaseAndIsCentred(
            int base, int h, int w, int top, int left, int height, int width) {
        assertThat(GridRegion.filling(base, h, w))
                .isEqualTo(new GridRegion(top, left, height, width));
    }

    @Test
    void positionsAreSpreadOverTheRegionAsEachImplementationDoes() {
        var region = new GridRegion(2, 0, 5, 8);
        assertThat(region.rows(4, Spacing.EVEN)).containsExactly(2, 3.25, 4.5, 5.75);
        assertThat(region.columns(4, Spacing.EVEN)).containsExactly(0, 2, 4, 6);
        assertThat(region.columns(4, Spacing.SHORTENED)).containsExactly(0, 2, 4, 6);
        double[] rows = region.rows(4, Spacing.SHORTENED); // 2 to 7 * 3/4
        assertThat(rows[1]).isCloseTo(2 + 3.25 / 3, within(1e-12));
        assertThat(rows[3]).isCloseTo(5.25, within(1e-12));
        assertThat(region.rows(1, Spacing.SHORTENED)).containsExactly(2);
    }

    @Test
    void theFirstHalfTurnsWithTheColumnAndTheSecondWithTheRow() {
        try (var scope = TensorScope.open()) {
            Rotary r = Rotary.grid(8, new double[] {0, 3}, new double[] {0, 0.5, 7});
            float[] cos = Tensors.floats(r.cos());
            float[] sin = Tensors.floats(r.sin());
            int token = 5 * 8; // row 3, column 7; frequencies 1 and 1/100
            double[] angles = {7, 7, 0.07, 0.07, 3, 3, 0.03, 0.03};
            for (int i = 0; i < 8; i++) {
                assertThat((double) cos[token + i]).isCloseTo(Math.cos(angles[i]), within(1e-6));
                assertThat((double) sin[token + i]).isCloseTo(Math.sin(angles[i]), within(1e-6));
            }
        }
    }

    @Test
    void alongASequenceEveryPairHasAFrequencyOfItsOwn() {
        try (var scope = TensorScope.open()) {
            Rotary r = Rotary.sequence(6, 8, RotaryScaling.NONE);
            assertAngles(r, 7, 7, 7 / Math.cbrt(10000), 7 / Math.cbrt(1e8));
            Rotary slow = Rotary.sequence(6, 8, new RotaryScaling(2, 8));
            assertAngles(slow, 7, 3.5, 3.5 / Math.cbrt(80000), 3.5 / Math.cbrt(64e8));
        }
    }

    @Test
    void pairsTakeTurnsBetweenRowAndColumn() {
        try (var scope = TensorScope.open()) {
            Rotary r = Rotary.alternating(8, 3, 4, RotaryScaling.NONE);
            assertAngles(r, 11, 2, 3, 0.02, 0.03); // row 2, column 3; frequencies 1 and 1/100
            Rotary slow = Rotary.alternating(8, 3, 4, new RotaryScaling(1, 4));
            assertAngles(slow, 11, 2, 3, 0.01, 0.015);
        }
    }

    @Test
    void everyAxisTurnsChannelsOfItsOwn() {
        try (var scope = TensorScope.open()) {
            int[][] positions = {{0, 0, 0}, {5, 2, 3}};
            Rotary r = Rotary.axes(List.of(2, 4, 2), positions);
            assertAngles(r, 0, 0, 0, 0, 0);
            assertAngles(r, 1, 5, 2, 0.02, 3);
            assertAngles(r.part(1, 1), 0, 5, 2, 0.02, 3);
        }
    }

    @Test
    void inABatchShorterTablesRepeatTheirLastPosition() {
        try (var scope = TensorScope.open()) {
            Rotary two = Rotary.sequence(2, 2, RotaryScaling.NONE);
            Rotary three = Rotary.sequence(2, 3, RotaryScaling.NONE);
            Rotary both = Rotary.batch(List.of(two, three));
            assertThat(Shapes.of(both.cos())).containsExactly(2, 1, 3, 2);
            Rotary first = new Rotary(both.cos().select(0, 0), both.sin().select(0, 0));
            assertAngles(new Rotary(first.cos().squeeze(0), first.sin().squeeze(0)), 2, 1);
        }
    }

    @Test
    void beforeTheWatershedScalingIsLinearAndThenNtkAware() {
        assertThat(RotaryScaling.timeAware(2, 0.3, 0.29)).isEqualTo(new RotaryScaling(2, 1));
        assertThat(RotaryScaling.timeAware(2, 0.3, 0.3)).isEqualTo(new RotaryScaling(1, 2));
        assertThatThrownBy(() -> new RotaryScaling(0, 1))
                .isInstanceOf(ConfigException.class)
                .hasMessageStartingWith("the scaling of positions must be positive");
    }

    private static void assertAngles(Rotary r, int token, double... angles) {
        float[] cos = Tensors.floats(r.cos());
        float[] sin = Tensors.floats(r.sin());
        for (int i = 0; i < 2 * angles.length; i++) {
            int at = token * 2 * angles.length + i;
            assertThat((double) cos[at]).isCloseTo(Math.cos(angles[i / 2]), within(2e-6));
            assertThat((double) sin[at]).isCloseTo(Math.sin(angles[i / 2]), within(2e-6));
        }
    }

    /// Neighbouring channels are a complex number that is multiplied by `exp(i angle)`.
    @Test
    void pairsAreTurnedAsComplexNumbers() {
        try (var scope = TensorScope.open()) {
            double angle = 2.5;
            Rotary r = Rotary.grid(4, new double[] {0}, new double[] {angle});
            Tensor x = Tensors.of(new double[] {3, -4, 5, 6}, 1, 1, 1, 4);
            double[] y = Tensors.doubles(r.rotate(x));
            assertThat(y[0]).isCloseTo(3 * Math.cos(angle) + 4 * Math.sin(angle), within(1e-6));
            assertThat(y[1]).isCloseTo(3 * Math.sin(angle) - 4 * Math.cos(angle), within(1e-6));
            assertThat(y[2]).isEqualTo(5);
            assertThat(y[3]).isEqualTo(6);
        }
    }

    /// What makes rotary positions relative: scores depend on the distance only.
    @Test
    void scoresDependOnDistancesOnly() {
        try (var scope = TensorScope.open();
                var rng = Rng.seeded(1)) {
            Tensor q = Ops.to(rng.normal(1, 1, 1, 16), Dtype.FLOAT64);
            Tensor k = Ops.to(rng.normal(1, 1, 1, 16), Dtype.FLOAT64);
            double near = score(q, k, 1, 2, 4, 7);
            assertThat(score(q, k, 11, 22, 14, 27)).isCloseTo(near, within(1e-4));
            assertThat(score(q, k, 1, 2, 5, 7)).isNotCloseTo(near, within(1e-2));
        }
    }

    private static double score(
            Tensor q, Tensor k, double row, double column, double otherRow, double otherColumn) {
        Tensor a = Rotary.grid(16, new double[] {row}, new double[] {column}).rotate(q);
        Tensor b = Rotary.grid(16, new double[] {otherRow}, new double[] {otherColumn}).rotate(k);
        return Ops.item(a.mul(b).sum());
    }

    @Test
    void halfPrecisionIsTurnedInFloat32AndKeepsItsType() {
        try (var scope = TensorScope.open();
                var rng = Rng.seeded(2)) {
            Rotary r = Rotary.centred(8, 16, 3, 5, Spacing.EVEN);
            Tensor x = Ops.to(rng.normal(2, 3, 15, 8), Dtype.BFLOAT16);
            Tensor y = r.rotate(x);
            assertThat(Dtype.of(y)).isEqualTo(Dtype.BFLOAT16);
            Tensor exact = Ops.to(r.rotate(Ops.to(x, Dtype.FLOAT32)), Dtype.BFLOAT16);
            assertThat(Ops.maxAbsDifference(y, exact)).isZero();
        }
    }

    @Test
    void wrongSizesAreOneClearLine() {
        assertThatThrownBy(() -> Rotary.grid(6, new double[1], new double[1]))
                .isInstanceOf(ConfigException.class)
                .hasMessage("rotary positions in 2-D need a head width divisible by 4 but it is 6");
        assertThatThrownBy(() -> GridRegion.filling(8, 0, 3))
                .hasMessage("a grid of 0 x 3 on a base of 8 has no positions");
    }
}
