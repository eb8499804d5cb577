package org.dit4j.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

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
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class FluxTest {
    private static final Flux.Config TINY =
            new Flux.Config(8, 12, 24, 2, 2, 2, 10, 6, List.of(4, 2, 6), true);

    /// The layers of `model.py`, counted by formulas; 11.9 and 11.89 thousand million.
    @ParameterizedTest
    @CsvSource({"FLUX.1-dev,11901408320", "FLUX.1-schnell,11891178560"})
    void presetsHaveTheParametersOfTheirLayers(String name, long published) {
        Flux.Config c = FluxPresets.of(name);
        long d = c.hiddenSize();
        long k = d / c.numHeads();
        long linear = d * d + d;
        long doubles = 2 * (6 * linear + 4 * linear + 8 * d * d + 5 * d + 2 * k);
        long singles = 3 * linear + 7 * linear + 5 * d * d + d + 2 * k;
        long embedders = (c.guidance() ? 2 : 1) * (256 * d + d + linear) + 768 * d + d + linear;
        long ends = 64 * d + d + 4096 * d + d + 2 * linear + 64 * d + 64;
        long count = 19 * doubles + 38 * singles + embedders + ends;
        try (var dit = new Flux(ParameterSource.counting(), c)) {
            assertThat(dit.parameters().count()).isEqualTo(count).isEqualTo(published);
        }
    }

    @Test
    void startsAtZero() {
        try (var scope = TensorScope.open();
                var rng = Rng.seeded(1);
                var dit = Flux.initialise(TINY, rng)) {
            Tensor out = Ops.noGrad(() -> dit.forward(inputs(rng, 3.5)));
            assertThat(Shapes.of(out)).containsExactly(2, 6, 12);
            assertThat(Tensors.floats(out)).containsOnly(0f);
        }
    }

    /// The gradient along a random direction against central differences, in float64.
    @Test
    void gradientsAgreeWithDifferences() {
        try (var scope = TensorScope.open();
                var rng = Rng.seeded(3);
                var dit = new Flux(ParameterSource.initialising(rng, Dtype.FLOAT64), TINY)) {
            randomise(dit, rng);
            Flux.Inputs in = toDouble(inputs(rng, 3.5));
            NetworkChecks.gradientsAgree(dit.parameters().trained(), rng, () -> loss(dit, in));
        }
    }

    private static Flux.Inputs toDouble(Flux.Inputs in) {
        return new Flux.Inputs(
                Ops.to(in.x(), Dtype.FLOAT64),
                in.t(),
                Ops.to(in.text(), Dtype.FLOAT64),
                Ops.to(in.pooled(), Dtype.FLOAT64),
                in.guidance(),
                in.textPositions(),
                in.positions());
    }

    private static Tensor loss(Flux dit, Flux.Inputs in) {
        return Ops.pow(dit.forward(in), 2).mean();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void passesLeaveNothingBehind(boolean gradients) {
        try (var rng = Rng.seeded(1);
                var dit = trained(rng)) {
            NetworkChecks.leavesNothing(() -> {
                Flux.Inputs in = inputs(rng, 3.5);
                Ops.gradMode(gradients, () -> loss(dit, in));
            });
        }
    }

    /// Angles are those of differences of positions, so all may move together.
    @Test
    void onlyDifferencesOfPositionsCount() {
        try (var scope = TensorScope.open();
                var rng = Rng.seeded(2);
                var dit = trained(rng)) {
            Flux.Inputs in = inputs(rng, 3.5);
            Tensor here = Ops.noGrad(() -> dit.forward(in));
            Tensor there = Ops.noGrad(() -> dit.forward(moved(in, 3, 3)));
            Tensor apart = Ops.noGrad(() -> dit.forward(moved(in, 0, 3)));
            assertThat(Ops.maxAbsDifference(here, there)).isLessThan(2e-5);
            assertThat(Ops.maxAbsDifference(here, apart)).isGreaterThan(1e-3);
        }
    }

    private static Flux.Inputs moved(Flux.Inputs in, double text, double picture) {
        return new Flux.Inputs(
                in.x(),
                in.t(),
                in.text(),
                in.pooled(),
                in.guidance(),
                Ops.add(in.textPositions(), text),
                Ops.add(in.positions(), picture));
    }

    @Test
    void residualsOfAControlNetAreSpreadOrTakenInTurn() {
        try (var scope = TensorScope.open()) {
            List<Tensor> two =
                    List.of(Tensors.of(new float[] {1}, 1), Tensors.of(new float[] {2}, 1));
            Tensor zero = Tensors.zeros(Dtype.FLOAT32, 1);
            var spread = new FluxResiduals(two, two, false);
            var turns = new FluxResiduals(two, List.of(), true);
            double[] rows = {1, 1, 1, 2, 2};
            double[] inTurn = {1, 2, 1, 2, 1};
            for (int i = 0; i < 5; i++) {
                assertThat(Ops.item(spread.afterDouble(zero, i, 5))).isEqualTo(rows[i]);
                assertThat(Ops.item(spread.afterSingle(zero, i, 5))).isEqualTo(rows[i]);
                assertThat(Ops.item(turns.afterDouble(zero, i, 5))).isEqualTo(inTurn[i]);
                assertThat(turns.afterSingle(zero, i, 5)).isSameAs(zero);
            }
        }
    }

    @Test
    void latentsBecomeTokensAndComeBack() {
        try (var scope = TensorScope.open()) {
            var values = new float[2 * 4 * 6];
            for (int i = 0; i < values.length; i++) {
                values[i] = i;
            }
            Tensor latents = Tensors.of(values, 1, 2, 4, 6);
            Tensor tokens = Flux.pack(latents); // [1, 6, 8]
            assertThat(Tensors.floats(tokens.select(1, 4)))
                    .containsExactly(14, 15, 20, 21, 38, 39, 44, 45);
            assertThat(Ops.maxAbsDifference(Flux.unpack(tokens, 4, 6), latents)).isZero();
            assertThat(Tensors.floats(Flux.grid(4, 6).select(0, 4))).containsExactly(0, 1, 1);
        }
    }

    @Test
    void wrongInputsAndConfigsAreOneClearLine() {
        try (var scope = TensorScope.open();
                var rng = Rng.seeded(1);
                var dit = Flux.initialise(TINY, rng)) {
            assertThatThrownBy(() -> dit.forward(inputs(rng, null)))
                    .isInstanceOf(ShapeException.class)
                    .hasMessage(
                            "the network has an input for the strength of guidance but was given"
                                    + " none");
        }
        assertThatThrownBy(() -> new Flux.Config(8, 8, 24, 1, 1, 2, 10, 6, List.of(4, 4, 6), false))
                .isInstanceOf(ConfigException.class)
                .hasMessage("axes_dim must be even numbers with the sum 12 but are [4, 4, 6]");
        assertThatThrownBy(() -> FluxPresets.of("FLUX.1-pro"))
                .hasMessage("no preset FLUX.1-pro; there are FLUX.1-dev, FLUX.1-schnell");
    }

    private static Flux trained(Rng rng) {
        Flux dit = Flux.initialise(TINY, rng);
        randomise(dit, rng);
        return dit;
    }

    private static void randomise(Flux dit, Rng rng) {
        Ops.noGrad(() -> {
            dit.parameters().trained().values().forEach(p -> rng.fillNormal(p, 0, 0.2));
            return 0;
        });
    }

    /// Two examples of latents of 4 x 6 and three tokens of text.
    private static Flux.Inputs inputs(Rng rng, @Nullable Double guidance) {
        return new Flux.Inputs(
                rng.normal(2, 6, 8),
                Tensors.of(new float[] {0.3f, 0.8f}, 2),
                rng.normal(2, 3, 10),
                rng.normal(2, 6),
                guidance == null ? null : Tensors.full(guidance, Dtype.FLOAT32, 2),
                Tensors.zeros(Dtype.FLOAT32, 3, 3),
                Flux.grid(4, 6));
    }
}
