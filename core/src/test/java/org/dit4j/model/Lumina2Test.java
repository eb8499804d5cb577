package org.dit4j.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.nn.ParameterSource;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.ShapeException;
import org.dit4j.tensor.Shapes;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class Lumina2Test {
    private static final Lumina2.Config TINY =
            new Lumina2.Config(
                    8,
                    2,
                    4,
                    3,
                    new LuminaLayers(2, 24, 2, 1, 16, 1.2, 1e-5, true),
                    1,
                    10,
                    List.of(4, 2, 6),
                    List.of(6, 7, 5));

    /// The layers of `models/model.py`, counted by formulas.
    private static long count(Lumina2.Config c) {
        LuminaLayers l = c.layers();
        long d = l.dim();
        long kv = d / l.heads() * l.kvHeads();
        long m = Math.min(d, 1024);
        long feedForward = 3 * d * ((4 * d + 255) / 256 * 256);
        long plain = 2 * d * d + 2 * d * kv + 2 * d / l.heads() + feedForward + 4 * d;
        long modulation = (m + 1) * 4 * d;
        long blocks = (l.count() + 2L * c.refiners()) * plain;
        long modulations = (l.count() + (long) c.refiners()) * modulation;
        long text = c.textWidth() + (c.textWidth() + 1) * d;
        long time = 257 * m + m * m + m;
        long ends = (64 + 1) * d + 64 * (d + 1) + (m + 1) * d;
        return blocks + modulations + text + time + ends;
    }

    @Test
    void presetsHaveTheParametersOfTheirLayers() {
        for (String name : Lumina2Presets.names()) {
            Lumina2.Config config = Lumina2Presets.of(name);
            try (var dit = new Lumina2(ParameterSource.counting(), config)) {
                assertThat(dit.parameters().count()).as(name).isEqualTo(count(config));
            }
        }
    }

    /// "2.6B" of the model card.
    @Test
    void thePublishedSizeHasTwoAndAHalfThousandMillionParameters() {
        try (var dit = new Lumina2(ParameterSource.counting(), Lumina2Presets.of("Lumina2-2B/2"))) {
            assertThat(dit.parameters().count() / 1e9).isCloseTo(2.6, within(0.05));
        }
    }

    @Test
    void startsAtZero() {
        try (var scope = TensorScope.open();
                var rng = Rng.seeded(1);
                var dit = Lumina2.initialise(TINY, rng)) {
            Tensor out = predict(dit, rng.normal(2, 4, 8, 10), rng.normal(2, 3, 10), mask(2, 1));
            assertThat(Shapes.of(out)).containsExactly(2, 3, 8, 10);
            assertThat(Tensors.floats(out)).containsOnly(0f);
        }
    }

    /// The gradient along a random direction against central differences, in float64.
    @Test
    void gradientsAgreeWithDifferences() {
        try (var scope = TensorScope.open();
                var rng = Rng.seeded(3);
                var dit = new Lumina2(ParameterSource.initialising(rng, Dtype.FLOAT64), TINY)) {
            randomise(dit, rng);
            Tensor x = Ops.to(rng.normal(2, 4, 4, 8), Dtype.FLOAT64);
            Tensor text = Ops.to(rng.normal(2, 3, 10), Dtype.FLOAT64);
            NetworkChecks.gradientsAgree(dit.parameters().trained(), rng, () -> loss(dit, x, text));
        }
    }

    private static Tensor loss(Lumina2 dit, Tensor x, Tensor text) {
        Tensor t = Tensors.of(new double[] {0.3, 0.8}, 2);
        return Ops.pow(dit.forward(x, t, text, mask(2, 1)), 2).mean();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void passesLeaveNothingBehind(boolean gradients) {
        try (var rng = Rng.seeded(1);
                var dit = trained(rng)) {
            NetworkChecks.leavesNothing(() -> {
                Tensor x = rng.normal(2, 4, 8, 8);
                Tensor text = rng.normal(2, 3, 10);
                Ops.gradMode(gradients, () -> loss(dit, x, text));
            });
        }
    }

    @Test
    void paddingOfTheTextDoesNotCountInAnyExample() {
        try (var scope = TensorScope.open();
                var rng = Rng.seeded(2);
                var dit = trained(rng)) {
            Tensor x = rng.normal(2, 4, 8, 6);
            Tensor text = rng.normal(2, 4, 10);
            Tensor mask = Tensors.of(new long[] {1, 1, 1, 1, 1, 1, 0, 0}, 2, 4);
            Tensor both = predict(dit, x, text, mask);
            for (int i = 0; i < 2; i++) {
                int real = i == 0 ? 4 : 2;
                Tensor alone =
                        predict(
                                dit,
                                x.narrow(0, i, 1),
                                text.narrow(0, i, 1).narrow(1, 0, real),
                                mask.narrow(0, i, 1).narrow(1, 0, real));
                assertThat(Ops.maxAbsDifference(both.narrow(0, i, 1), alone)).isLessThan(2e-6);
            }
            Tensor whole = Tensors.full(1, Dtype.INT64, 2, 4);
            assertThat(Ops.maxAbsDifference(both, predict(dit, x, text, whole)))
                    .isGreaterThan(1e-4);
        }
    }

    @Test
    void wrongShapesAndConfigsAreOneClearLine() {
        try (var scope = TensorScope.open();
                var rng = Rng.seeded(1);
                var dit = Lumina2.initialise(TINY, rng)) {
            Tensor x = rng.normal(1, 4, 8, 8);
            Tensor text = rng.normal(1, 3, 10);
            Tensor left = Tensors.of(new long[] {0, 1, 1}, 1, 3);
            assertThatThrownBy(() -> predict(dit, x, text, left))
                    .isInstanceOf(ShapeException.class)
                    .hasMessageStartingWith("the mask of a text must have real tokens first");
            assertThatThrownBy(() -> predict(dit, rng.normal(1, 4, 8, 12), text, mask(1, 0)))
                    .hasMessage("there are 5 positions on axis 2 but 6 are needed");
            assertThatThrownBy(() ->
                            predict(
                                    dit,
                                    x,
                                    rng.normal(1, 6, 10),
                                    Tensors.full(1, Dtype.INT64, 1, 6)))
                    .hasMessage("there are 6 positions on axis 0 but 7 are needed");
        }
        assertThatThrownBy(() ->
                        new Lumina2.Config(
                                8,
                                2,
                                4,
                                4,
                                TINY.layers(),
                                1,
                                10,
                                List.of(4, 4, 6),
                                List.of(6, 7, 5)))
                .isInstanceOf(ConfigException.class)
                .hasMessage(
                        "axes_dims must be three even numbers with the sum 12 but are [4, 4, 6]");
        assertThatThrownBy(() -> Lumina2Presets.of("Lumina2-1B/2"))
                .hasMessageStartingWith("no preset Lumina2-1B/2; there are Lumina2-2B/2");
    }

    private static Lumina2 trained(Rng rng) {
        Lumina2 dit = Lumina2.initialise(TINY, rng);
        randomise(dit, rng);
        return dit;
    }

    private static void randomise(Lumina2 dit, Rng rng) {
        Ops.noGrad(() -> {
            dit.parameters().trained().values().forEach(p -> rng.fillNormal(p, 0, 0.2));
            return 0;
        });
    }

    /// A mask of three tokens, the last ones padding.
    private static Tensor mask(int b, int padding) {
        return Ops.cat(
                1,
                Tensors.full(1, Dtype.INT64, b, 3 - padding),
                Tensors.zeros(Dtype.INT64, b, padding));
    }

    private static Tensor predict(Lumina2 dit, Tensor x, Tensor text, Tensor mask) {
        Tensor t = Tensors.full(0.3, Dtype.FLOAT32, x.size(0));
        return Ops.noGrad(() -> dit.forward(x, t, text, mask));
    }
}
