package org.dit4j.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.dit4j.model.TinyMmDit.tiny;
import static org.dit4j.model.TinyMmDit.trained;

import java.util.List;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.model.TinyMmDit.Inputs;
import org.dit4j.nn.ParameterSource;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.TensorScope;
import org.junit.jupiter.api.Test;

/// Blocks that are skipped, and what a ControlNet adds to them.
class MmDitChangesTest {
    @Test
    void whatIsSkippedIsLeftOut() {
        try (var scope = TensorScope.open();
                var rng = Rng.seeded(1);
                var dit = trained(tiny(), rng)) {
            Inputs in = Inputs.of(rng, 1, 8, 8);
            Tensor expected =
                    Ops.noGrad(() -> {
                        MmDit.Hidden h = dit.embed(in.x(), in.t(), in.text(), in.pooled());
                        MmDit.Hidden end = dit.block(2, dit.block(0, h));
                        return dit.head(end.x(), end.c(), 8, 8);
                    });
            Tensor actual =
                    Ops.noGrad(
                            () -> dit.forward(in.x(), in.t(), in.text(), in.pooled(), without(1)));
            assertThat(Ops.maxAbsDifference(actual, expected)).isZero();
            Tensor none =
                    Ops.noGrad(() ->
                            dit.forward(in.x(), in.t(), in.text(), in.pooled(), without(0, 1, 2)));
            assertThat(Ops.isFinite(none)).isTrue();
        }
    }

    private static MmDit.Changes without(Integer... blocks) {
        return new MmDit.Changes(Set.of(blocks), List.of());
    }

    @Test
    void aFreshControlNetChangesNothing() {
        try (var rng = Rng.seeded(4);
                var dit = trained(tiny(), rng);
                var net =
                        new MmDitControlNet(
                                ParameterSource.initialising(rng),
                                new MmDitControlNet.Config(tiny(), 0, true))) {
            Inputs in = Inputs.of(rng, 1, 8, 8);
            List<Tensor> residuals =
                    Ops.noGrad(
                            () -> net.forward(in.x(), in.x(), in.t(), in.text(), in.pooled(), 1));
            assertThat(residuals).hasSize(3);
            Tensor steered =
                    Ops.noGrad(() ->
                            dit.forward(
                                    in.x(),
                                    in.t(),
                                    in.text(),
                                    in.pooled(),
                                    new MmDit.Changes(Set.of(), residuals)));
            Tensor alone = Ops.noGrad(() -> dit.forward(in.x(), in.t(), in.text(), in.pooled()));
            assertThat(Ops.maxAbsDifference(steered, alone)).isZero();
        }
    }

    @Test
    void eachResidualServesSeveralBlocksButNotTheLast() {
        try (var rng = Rng.seeded(4);
                var dit = trained(tiny(), rng)) {
            Inputs in = Inputs.of(rng, 1, 8, 8);
            Tensor residual = rng.normal(1, 16, dit.config().hiddenSize());
            Tensor expected =
                    Ops.noGrad(() -> {
                        MmDit.Hidden h = dit.embed(in.x(), in.t(), in.text(), in.pooled());
                        for (int i = 0; i < 2; i++) {
                            MmDit.Hidden next = dit.block(i, h);
                            h = new MmDit.Hidden(next.text(), next.x().add(residual), next.c());
                        }
                        MmDit.Hidden end = dit.block(2, h);
                        return dit.head(end.x(), end.c(), 8, 8);
                    });
            Tensor actual =
                    Ops.noGrad(() ->
                            dit.forward(
                                    in.x(),
                                    in.t(),
                                    in.text(),
                                    in.pooled(),
                                    new MmDit.Changes(Set.of(), List.of(residual))));
            assertThat(Ops.maxAbsDifference(actual, expected)).isZero();
        }
    }
}
