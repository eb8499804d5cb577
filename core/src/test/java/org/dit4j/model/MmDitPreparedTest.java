package org.dit4j.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;
import org.junit.jupiter.api.Test;

/// A text of which an MM-DiT computes all it can before a run.
class MmDitPreparedTest {
    @Test
    void modulationsOfAllTimesAreComputedTogether() {
        try (var _ = TensorScope.open();
                var rng = Rng.seeded(4);
                var dit = TinyMmDit.trained(TinyMmDit.tiny(), rng)) {
            Tensor text = rng.normal(2, 5, TinyMmDit.TEXT);
            Tensor pooled = rng.normal(2, TinyMmDit.POOLED);
            Tensor x = rng.normal(3, 4, 8, 6);
            Tensor numbers = Tensors.of(new long[] {1, 0, 1}, 3);
            MmDit.Prepared plain = Ops.noGrad(() -> dit.prepare(text, pooled).rows(numbers));
            MmDit.Prepared steps =
                    Ops.noGrad(() -> dit.prepare(text, pooled, List.of(900f, 500f, 0.5f)));
            Tensor wanted = predict(dit, x, 500, plain);
            Tensor other = predict(dit, x, 501, plain);
            double largest = Ops.maxAbsDifference(wanted, Ops.mul(wanted, 0));
            assertThat(Ops.maxAbsDifference(predict(dit, x, 500, steps.rows(numbers)), wanted))
                    .isLessThan(4e-6 * Math.max(1, largest));
            assertThat(Ops.maxAbsDifference(predict(dit, x, 501, steps.rows(numbers)), other))
                    .isZero();
            Tensor last = predict(dit, x.narrow(0, 0, 2), 0.5, steps);
            NetworkChecks.spoil(dit.parameters().trained(), "t_embedder.*|.*adaLN_modulation.*");
            assertThat(Ops.maxAbsDifference(predict(dit, x.narrow(0, 0, 2), 0.5, steps), last))
                    .isZero();
            assertThat(Ops.isFinite(predict(dit, x, 501, steps.rows(numbers)))).isFalse();
        }
    }

    private static Tensor predict(MmDit dit, Tensor x, double t, MmDit.Prepared text) {
        return Ops.noGrad(() -> {
            Tensor times = Tensors.full(t, Dtype.FLOAT32, x.size(0));
            var call = dit.split(x, times, text, MmDit.Changes.NONE);
            return call.answer(call.rest());
        });
    }
}
