package org.dit4j.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.nn.ParameterSource;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.ShapeException;
import org.dit4j.tensor.Shapes;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class DitTest {
    private static Dit.Config tiny(Dit.BlockType block) {
        return new Dit.Config(
                8,
                2,
                4,
                32,
                3,
                4,
                4,
                0.1,
                10,
                true,
                Dit.Variant.ORIGINAL.withBlock(block).withQkNorm(true));
    }

    /// Counts of facebookresearch/DiT at 32x32 latents, without the fixed position table.
    @ParameterizedTest
    @CsvSource({
        "DiT-XL/2,674834720",
        "DiT-XL/4,675000704",
        "DiT-XL/8,675664640",
        "DiT-L/2,457840672",
        "DiT-L/4,457988224",
        "DiT-L/8,458578432",
        "DiT-B/2,130315808",
        "DiT-B/4,130426496",
        "DiT-B/8,130869248",
        "DiT-S/2,32865056",
        "DiT-S/4,32920448",
        "DiT-S/8,33142016"
    })
    void presetsHaveTheParameterCountsOfTheOriginalCode(String name, long parameters) {
        try (var dit = new Dit(ParameterSource.counting(), DitPresets.of(name, 32))) {
            assertThat(dit.parameters().count()).isEqualTo(parameters);
        }
    }

    @ParameterizedTest
    @EnumSource
    void everyBlockVariantPredictsItsShapeAndStartsAtZero(Dit.BlockType block) {
        try (var scope = TensorScope.open();
                var rng = Rng.seeded(1);
                var dit = Dit.initialise(tiny(block), rng)) {
            Tensor out =
                    Ops.noGrad(() ->
                            dit.forward(
                                    rng.normal(2, 4, 8, 12),
                                    Tensors.of(new float[] {3, 700}, 2),
                                    Tensors.of(new long[] {1, 10}, 2)));
            assertThat(Shapes.of(out)).containsExactly(2, 8, 8, 12);
            assertThat(Tensors.floats(out)).containsOnly(0f);
        }
    }

    @ParameterizedTest
    @EnumSource
    void everyBlockVariantReactsToTimeAndClassOnceTrained(Dit.BlockType block) {
        try (var scope = TensorScope.open();
                var rng = Rng.seeded(1);
                var dit = Dit.initialise(tiny(block), rng)) {
            Ops.noGrad(() -> {
                dit.parameters().trained().values().forEach(p -> rng.fillNormal(p, 0, 0.1));
                return 0;
            });
            Tensor x = rng.normal(1, 4, 8, 8);
            Tensor a = predict(dit, x, 3, 1);
            assertThat(Ops.maxAbsDifference(a, predict(dit, x, 700, 1))).isGreaterThan(1e-5);
            assertThat(Ops.maxAbsDifference(a, predict(dit, x, 3, 2))).isGreaterThan(1e-5);
            assertThat(Ops.maxAbsDifference(a, predict(dit, x, 3, 1))).isZero();
        }
    }

    @Test
    void inferenceLeavesNothingBehind() {
        try (var rng = Rng.seeded(1);
                var dit = Dit.initialise(tiny(Dit.BlockType.ADALN_ZERO), rng)) {
            long before = 0;
            for (int i = 0; i < 20; i++) {
                try (var scope = TensorScope.open()) {
                    predict(dit, rng.normal(1, 4, 8, 8), i, 1);
                }
                if (i == 5) {
                    before = Pointer.totalCount();
                }
            }
            assertThat(Pointer.totalCount()).isLessThanOrEqualTo(before);
        }
    }

    @Test
    void wrongShapesAndConfigsAreOneClearLine() {
        try (var scope = TensorScope.open();
                var rng = Rng.seeded(1);
                var dit = Dit.initialise(tiny(Dit.BlockType.ADALN_ZERO), rng)) {
            assertThatThrownBy(() -> predict(dit, rng.normal(1, 4, 8, 7), 3, 1))
                    .isInstanceOf(ShapeException.class)
                    .hasMessage("latents of 8 x 7 do not divide into patches of 2");
            assertThatThrownBy(() -> predict(dit, rng.normal(1, 3, 8, 8), 3, 1))
                    .hasMessage("x must have shape [*, 4, *, *] but has [1, 3, 8, 8]");
        }
        assertThatThrownBy(() ->
                        new Dit.Config(8, 3, 4, 32, 3, 4, 4, 0.1, 10, true, Dit.Variant.ORIGINAL))
                .isInstanceOf(ConfigException.class)
                .hasMessage("input_size 8 must be divisible by patch_size 3");
        assertThatThrownBy(() -> DitPresets.of("DiT-M/2", 32))
                .hasMessageStartingWith("no preset DiT-M/2; there are DiT-XL/2");
    }

    private static Tensor predict(Dit dit, Tensor x, double t, long y) {
        return Ops.noGrad(() ->
                dit.forward(
                        x, Tensors.of(new float[] {(float) t}, 1), Tensors.of(new long[] {y}, 1)));
    }
}
