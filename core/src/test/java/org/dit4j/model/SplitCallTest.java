package org.dit4j.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.nn.SplitCall;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SplitCallTest {
    @ParameterizedTest
    @EnumSource(Dit.BlockType.class)
    void aSplitDitGivesTheSameBits(Dit.BlockType block) {
        var variant = Dit.Variant.ORIGINAL.withBlock(block);
        var config = new Dit.Config(8, 2, 4, 32, 3, 4, 4, 0.1, 10, true, variant);
        try (var _ = TensorScope.open();
                var rng = Rng.seeded(1);
                var dit = Dit.initialise(config, rng)) {
            NetworkChecks.stir(dit.parameters(), rng);
            Tensor x = rng.normal(2, 4, 8, 8);
            Tensor t = Tensors.of(new float[] {3, 500}, 2);
            Tensor y = Tensors.of(new long[] {1, 10}, 2);
            same(() -> dit.forward(x, t, y), () -> dit.split(x, t, dit.prepare(y, List.of())));
        }
    }

    @Test
    void aSplitMmDitGivesTheSameBitsAlsoWherePatchesAreNotWhole() {
        var config =
                new MmDit.Config(8, 2, 4, 4, 32, 3, 4, 16, 8, 0, MmDit.HeadNorm.RMS, Set.of(0), 4);
        try (var _ = TensorScope.open();
                var rng = Rng.seeded(2);
                var network = MmDit.initialise(config, rng)) {
            NetworkChecks.stir(network.parameters(), rng);
            Tensor x = rng.normal(2, 4, 7, 8);
            Tensor t = Tensors.of(new float[] {3, 500}, 2);
            Tensor text = rng.normal(2, 5, 16);
            Tensor pooled = rng.normal(2, 8);
            var changes = new MmDit.Changes(Set.of(), List.of(rng.normal(2, 16, 32)));
            BiFunction<MmDit.Changes, Boolean, Tensor> whole =
                    (c, _) -> network.forward(x, t, text, pooled, c);
            same(
                    () -> whole.apply(MmDit.Changes.NONE, true),
                    () -> network.split(x, t, network.prepare(text, pooled), MmDit.Changes.NONE));
            same(
                    () -> whole.apply(changes, true),
                    () -> network.split(x, t, network.prepare(text, pooled), changes));
        }
    }

    private static void same(Supplier<Tensor> whole, Supplier<SplitCall> split) {
        Ops.noGrad(() -> {
            SplitCall call = split.get();
            Tensor last = call.rest();
            assertThat(Tensors.floats(call.answer(last))).isEqualTo(Tensors.floats(whole.get()));
            assertThat(Tensors.floats(last)).isNotEqualTo(Tensors.floats(call.after()));
            assertThat(Tensors.floats(call.after())).isNotEqualTo(Tensors.floats(call.before()));
            // the tokens before are still there, so the rest can be computed again
            assertThat(Tensors.floats(call.rest())).isEqualTo(Tensors.floats(last));
            return 0;
        });
    }
}
