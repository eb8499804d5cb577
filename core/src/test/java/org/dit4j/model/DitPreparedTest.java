package org.dit4j.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Labels of which a DiT computes all it can before a run.
class DitPreparedTest {
    private static final List<Float> TIMES = List.of(900f, 500f, 0.5f);

    private static Dit dit(Dit.BlockType block, Rng rng) {
        var variant = Dit.Variant.ORIGINAL.withBlock(block);
        var dit = Dit.initialise(new Dit.Config(8, 2, 4, 32, 3, 4, 4, 0.1, 10, true, variant), rng);
        NetworkChecks.stir(dit.parameters(), rng);
        return dit;
    }

    private static Tensor predict(Dit dit, Tensor x, double t, Dit.Prepared labels) {
        return Ops.noGrad(() -> {
            var call = dit.split(x, Tensors.full(t, Dtype.FLOAT32, x.size(0)), labels);
            return call.answer(call.rest());
        });
    }

    /// What was computed together differs by rounding, since the products have another shape.
    @ParameterizedTest
    @EnumSource(Dit.BlockType.class)
    void predictsAsWithoutAtAllTimes(Dit.BlockType block) {
        try (var _ = TensorScope.open();
                var rng = Rng.seeded(5);
                var dit = dit(block, rng)) {
            Tensor y = Tensors.of(new long[] {4, 10}, 2);
            Tensor numbers = Tensors.of(new long[] {1, 0, 1}, 3);
            Tensor x = rng.normal(3, 4, 8, 8);
            Dit.Prepared ready = Ops.noGrad(() -> dit.prepare(y, TIMES).rows(numbers));
            for (double t : new double[] {900, 500, 0.5, 501}) {
                Tensor times = Tensors.full(t, Dtype.FLOAT32, 3);
                Tensor wanted = Ops.noGrad(() -> dit.forward(x, times, Tensors.rows(y, numbers)));
                double largest = Ops.maxAbsDifference(wanted, Ops.mul(wanted, 0));
                assertThat(Ops.maxAbsDifference(predict(dit, x, t, ready), wanted))
                        .isLessThan(4e-6 * Math.max(1, largest));
            }
        }
    }

    @Test
    void asManyLabelsAsSamples() {
        try (var _ = TensorScope.open();
                var rng = Rng.seeded(7);
                var dit = dit(Dit.BlockType.ADALN_ZERO, rng)) {
            Dit.Prepared one = Ops.noGrad(() -> dit.prepare(Tensors.of(new long[] {4}, 1), TIMES));
            assertThatThrownBy(() -> predict(dit, rng.normal(3, 4, 8, 8), 500, one))
                    .hasMessage("3 samples need as many times and labels, not 1");
        }
    }

    /// Makes the weights unusable that must not be read again.
    @ParameterizedTest
    @EnumSource(names = {"ADALN", "ADALN_ZERO"})
    void modulationsAreNotComputedAgain(Dit.BlockType block) {
        try (var _ = TensorScope.open();
                var rng = Rng.seeded(6);
                var dit = dit(block, rng)) {
            Dit.Prepared ready =
                    Ops.noGrad(() -> dit.prepare(Tensors.of(new long[] {4, 10}, 2), TIMES));
            Tensor x = rng.normal(2, 4, 8, 8);
            Tensor before = predict(dit, x, 500, ready);
            NetworkChecks.spoil(dit.parameters().trained(), "[ty]_embedder.*|.*adaLN_modulation.*");
            assertThat(Ops.maxAbsDifference(predict(dit, x, 500, ready), before)).isZero();
            assertThat(Ops.isFinite(predict(dit, x, 501, ready))).isFalse();
        }
    }
}
