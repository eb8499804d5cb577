package org.dit4j.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.model.Dit;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class RecomputationTest {
    @ParameterizedTest
    @EnumSource
    void gradientsEqualThoseOfThePlainBackwardPass(Dit.BlockType block) {
        var config =
                new Dit.Config(
                        8, 2, 4, 32, 3, 4, 4, 0.1, 10, true, Dit.Variant.ORIGINAL.withBlock(block));
        try (var scope = TensorScope.open();
                var rng = Rng.seeded(5);
                var dit = Dit.initialise(config, rng)) {
            Ops.noGrad(() -> {
                dit.parameters().trained().values().forEach(p -> rng.fillNormal(p, 0.05, 0.1));
                return 0;
            });
            Tensor x = rng.normal(2, 4, 8, 8);
            Tensor t = Tensors.of(new float[] {5, 900}, 2);
            Tensor y = Tensors.of(new long[] {1, 10}, 2);
            Tensor target = rng.normal(2, 8, 8, 8);

            Tensor plain = dit.forward(x, t, y);
            plain.sub(target).pow(new org.bytedeco.pytorch.Scalar(2.0)).mean().backward();
            Map<String, Tensor> expected = takeGradients(dit);

            var pass = new Recomputation(dit);
            Tensor again = pass.forward(x, t, y);
            again.sub(target).pow(new org.bytedeco.pytorch.Scalar(2.0)).mean().backward();
            pass.backward();
            Map<String, Tensor> actual = takeGradients(dit);

            assertThat(Ops.maxAbsDifference(plain, again)).isZero();
            expected.forEach((name, g) ->
                    assertThat(Ops.maxAbsDifference(g, actual.get(name)))
                            .as(name)
                            .isLessThanOrEqualTo(1e-6 * Math.max(1, Ops.item(g.abs().max()))));
        }
    }

    private static Map<String, Tensor> takeGradients(Dit dit) {
        var gradients = new LinkedHashMap<String, Tensor>();
        dit.parameters()
                .trained()
                .forEach((name, p) -> {
                    gradients.put(name, p.grad().clone());
                    Ops.noGrad(() -> p.grad().zero_());
                });
        return gradients;
    }
}
