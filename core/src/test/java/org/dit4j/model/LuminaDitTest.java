package org.dit4j.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.OptionalInt;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.model.LuminaDit.Condition;
import org.dit4j.model.LuminaDit.Conditioning;
import org.dit4j.model.LuminaDit.Extrapolation;
import org.dit4j.model.LuminaDit.Generation;
import org.dit4j.nn.ParameterSource;
import org.dit4j.nn.RotaryScaling;
import org.dit4j.tensor.Dtype;
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
import org.junit.jupiter.params.provider.ValueSource;

class LuminaDitTest {
    private static final LuminaLayers LAYERS = new LuminaLayers(2, 24, 3, 1, 16, 1, 1e-5, true);

    /// The networks that differ.
    enum Kind {
        FLAG_CLASSES(Generation.FLAG, new Conditioning.Classes(5, 0.1)),
        FLAG_CAPTIONS(Generation.FLAG, new Conditioning.Captions(12, false)),
        NEXT_CLASSES(Generation.NEXT, new Conditioning.Classes(5, 0)),
        NEXT_CAPTIONS(Generation.NEXT, new Conditioning.Captions(12, false)),
        NEXT_OWN_QUERIES(Generation.NEXT, new Conditioning.Captions(12, true));

        private final LuminaDit.Config config;

        Kind(Generation generation, Conditioning conditioning) {
            config =
                    new LuminaDit.Config(
                            generation,
                            conditioning,
                            8,
                            2,
                            4,
                            LAYERS,
                            true,
                            true,
                            RotaryScaling.NONE);
        }
    }

    /// The layers of each `models/model.py`, counted by formulas.
    private static long count(LuminaDit.Config c) {
        LuminaLayers l = c.layers();
        boolean flag = c.generation() == Generation.FLAG;
        boolean text = c.conditioning() instanceof Conditioning.Captions;
        long d = l.dim();
        long kv = d / l.heads() * l.kvHeads();
        long e = text ? ((Conditioning.Captions) c.conditioning()).width() : 0;
        long m = Math.min(d, 1024);
        long attention = 2 * d * d + 2 * d * kv + 2 * (d + kv);
        long toText = text ? 2 * e * kv + 2 * kv + l.heads() + e : 0;
        long feedForward = 3 * d * ((8 * d / 3 + 255) / 256 * 256);
        long modulation = (m + 1) * (flag ? 6 : 4) * d;
        long norms = (flag || !text ? 2 : 4) * d;
        long block = attention + toText + feedForward + modulation + norms;
        long condition = text ? 2 * e + (e + 1) * m : 1001 * m;
        long tokens = text ? (flag ? 2 * d : d) : 0;
        long last = 32 * (d + 1) + (m + 1) * (flag || !text ? 2 : 1) * d;
        long time = 257 * m + m * m + m;
        return block * l.count() + condition + tokens + last + time + 17 * d;
    }

    @Test
    void presetsHaveTheParametersOfTheirLayers() {
        for (String name : LuminaDitPresets.names()) {
            LuminaDit.Config config = LuminaDitPresets.of(name);
            try (var dit = new LuminaDit(ParameterSource.counting(), config)) {
                assertThat(dit.parameters().count()).as(name).isEqualTo(count(config));
            }
        }
    }

    /// The published sizes are named after their parameters, roughly.
    @ParameterizedTest
    @CsvSource({
        "Flag-DiT-600M/2,0.6",
        "Flag-DiT-3B/2,4.2",
        "Flag-DiT-7B/2,7.1",
        "Flag-DiT-T2I-5B/2,5",
        "Next-DiT-600M/2,0.57",
        "Next-DiT-2B/2,1.7",
        "Next-DiT-T2I-2B-GQA/2,1.7"
    })
    void presetsHaveRoughlyTheParametersOfTheirNames(String name, double billions) {
        try (var dit = new LuminaDit(ParameterSource.counting(), LuminaDitPresets.of(name))) {
            assertThat(dit.parameters().count() / 1e9).isCloseTo(billions, within(0.15 * billions));
        }
    }

    @ParameterizedTest
    @EnumSource
    void startsAsTheOriginalCodeDoes(Kind kind) {
        try (var scope = TensorScope.open();
                var rng = Rng.seeded(1);
                var dit = LuminaDit.initialise(kind.config, rng)) {
            Tensor out = predict(dit, rng.normal(2, 4, 8, 12), condition(dit, rng, 2));
            assertThat(Shapes.of(out)).containsExactly(2, 4, 8, 12);
            assertThat(Tensors.floats(out)).containsOnly(0f);
            dit.parameters()
                    .trained()
                    .forEach((name, w) -> {
                        boolean zero =
                                name.matches(
                                                ".*(adaLN_modulation.*|gate|bias|cap_embedder.1.weight)")
                                        || name.equals("final_layer.linear.weight");
                        boolean one = name.matches(".*norm\\d?\\.weight|cap_embedder.0.weight");
                        double size = Math.sqrt(Ops.item(Ops.pow(w.detach(), 2).mean()));
                        if (zero || one) {
                            assertThat(size).as(name).isEqualTo(one ? 1 : 0);
                        } else if (name.matches("t_embedder.*|y_embedder.*|.*_token")) {
                            assertThat(size).as(name).isCloseTo(0.02, within(0.006));
                        } else { // Xavier: sqrt(2 / (fan in + fan out))
                            double xavier = Math.sqrt(2.0 / (w.size(0) + w.size(1)));
                            assertThat(size).as(name).isCloseTo(xavier, within(0.1 * xavier));
                        }
                    });
        }
    }

    /// The gradient along a random direction against central differences, in float64.
    @ParameterizedTest
    @EnumSource
    void gradientsAgreeWithDifferences(Kind kind) {
        try (var scope = TensorScope.open();
                var rng = Rng.seeded(3);
                var dit =
                        new LuminaDit(
                                ParameterSource.initialising(rng, Dtype.FLOAT64), kind.config)) {
            randomise(dit, rng);
            Tensor x = Ops.to(rng.normal(2, 4, 4, 8), Dtype.FLOAT64);
            Condition c = in(condition(dit, rng, 2), Dtype.FLOAT64);
            var weights = new LinkedHashMap<>(dit.parameters().trained());
            weights.remove("pad_token"); // nothing attends to it
            NetworkChecks.gradientsAgree(
                    weights,
                    rng,
                    () -> loss(dit, x, c),
                    name -> name.endsWith("ky_norm.bias")); // cancels in the softmax
        }
    }

    private static Tensor loss(LuminaDit dit, Tensor x, Condition c) {
        Tensor t = Tensors.of(new double[] {0.3, 0.8}, 2);
        return Ops.pow(dit.forward(x, t, c), 2).mean();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void passesLeaveNothingBehind(boolean gradients) {
        try (var rng = Rng.seeded(1);
                var dit = trained(Kind.FLAG_CAPTIONS, rng)) {
            NetworkChecks.leavesNothing(() -> {
                Tensor x = rng.normal(2, 4, 8, 8);
                Condition c = condition(dit, rng, 2);
                Tensor t = rng.uniform(2);
                List<Tensor> two = List.of(x.select(0, 0), x.select(0, 1).narrow(1, 0, 4));
                Ops.gradMode(
                        gradients,
                        () -> {
                            loss(dit, x, c);
                            return dit.forward(two, t, c, Extrapolation.of(RotaryScaling.NONE));
                        });
            });
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"FLAG_CAPTIONS", "NEXT_CAPTIONS", "NEXT_OWN_QUERIES"})
    void inABatchOfDifferentSizesEachIsPredictedAsIfAlone(Kind kind) {
        try (var scope = TensorScope.open();
                var rng = Rng.seeded(2);
                var dit = trained(kind, rng)) {
            List<Tensor> pictures =
                    List.of(rng.normal(4, 8, 12), rng.normal(4, 2, 4), rng.normal(4, 12, 4));
            var c = (Condition.Captions) condition(dit, rng, 3);
            Tensor t = rng.uniform(3);
            var extrapolation = Extrapolation.of(new RotaryScaling(1.5, 2));
            List<Tensor> all = Ops.noGrad(() -> dit.forward(pictures, t, c, extrapolation));
            for (int i = 0; i < 3; i++) {
                int at = i;
                var own =
                        new Condition.Captions(
                                c.states().narrow(0, i, 1), c.mask().narrow(0, i, 1));
                Tensor alone =
                        Ops.noGrad(() ->
                                dit.forward(
                                        pictures.get(at).unsqueeze(0),
                                        t.narrow(0, at, 1),
                                        own,
                                        extrapolation));
                // processors add in different orders, so the bound grows with the values
                double largest = Ops.maxAbsDifference(alone, Ops.mul(alone, 0));
                assertThat(Ops.maxAbsDifference(all.get(i), alone.squeeze(0)))
                        .isLessThan(2e-6 * Math.max(1, largest));
            }
        }
    }

    @Test
    void whatStandsAtPaddingOfTheTextDoesNotCount() {
        try (var scope = TensorScope.open();
                var rng = Rng.seeded(1);
                var dit = trained(Kind.NEXT_CAPTIONS, rng)) {
            Tensor x = rng.normal(1, 4, 8, 8);
            var c = (Condition.Captions) condition(dit, rng, 1); // its last token is padding
            var shorter =
                    new Condition.Captions(c.states().narrow(1, 0, 2), c.mask().narrow(1, 0, 2));
            assertThat(Ops.maxAbsDifference(predict(dit, x, c), predict(dit, x, shorter)))
                    .isLessThan(1e-6);
        }
    }

    @Test
    void proportionalAttentionSharpensScoresWithTheNumberOfTokens() {
        var e = new Extrapolation(RotaryScaling.NONE, OptionalInt.of(256));
        assertThat(e.sharpness(256)).isEqualTo(1);
        assertThat(e.sharpness(1024)).isCloseTo(Math.sqrt(10.0 / 8), within(1e-12));
        assertThat(Extrapolation.of(RotaryScaling.NONE).sharpness(1024)).isEqualTo(1);
        assertThatThrownBy(() -> new Extrapolation(RotaryScaling.NONE, OptionalInt.of(1)))
                .isInstanceOf(ConfigException.class)
                .hasMessageStartingWith("the tokens of the training must be more than 1");
    }

    @Test
    void theVarianceIsLeftOutOrNot() {
        LuminaDit.Config c = Kind.NEXT_OWN_QUERIES.config;
        var both =
                new LuminaDit.Config(
                        c.generation(),
                        c.conditioning(),
                        8,
                        2,
                        4,
                        LAYERS,
                        true,
                        false,
                        RotaryScaling.NONE);
        try (var scope = TensorScope.open();
                var rng = Rng.seeded(1);
                var dit = LuminaDit.initialise(both, rng)) {
            Tensor out = predict(dit, rng.normal(1, 4, 4, 6), condition(dit, rng, 1));
            assertThat(Shapes.of(out)).containsExactly(1, 8, 4, 6);
        }
    }

    @Test
    void wrongShapesAndConfigsAreOneClearLine() {
        try (var scope = TensorScope.open();
                var rng = Rng.seeded(1);
                var dit = LuminaDit.initialise(Kind.FLAG_CLASSES.config, rng)) {
            Tensor x = rng.normal(1, 4, 8, 8);
            Condition text =
                    new Condition.Captions(
                            rng.normal(1, 3, 12), Tensors.full(1, Dtype.INT64, 1, 3));
            assertThatThrownBy(() -> predict(dit, x, text))
                    .isInstanceOf(ShapeException.class)
                    .hasMessage("this network is conditional on a class but a text was given");
            Condition one = condition(dit, rng, 1);
            assertThatThrownBy(() -> predict(dit, rng.normal(1, 4, 8, 7), one))
                    .hasMessage("latents of 8 x 7 do not divide into patches of 2");
            var plain = Extrapolation.of(RotaryScaling.NONE);
            assertThatThrownBy(() -> dit.forward(List.of(x.select(0, 0)), x, one, plain))
                    .hasMessageStartingWith("only networks that are conditional on a text");
        }
        assertThatThrownBy(() -> new LuminaLayers(2, 24, 5, 5, 16, 1, 1e-5, true))
                .isInstanceOf(ConfigException.class)
                .hasMessage("dim 24 must be divisible by n_heads 5");
        assertThatThrownBy(() -> new LuminaLayers(2, 24, 3, 2, 16, 1, 1e-5, true))
                .hasMessage("n_heads 3 must be divisible by n_kv_heads 2");
        assertThatThrownBy(() -> LuminaDitPresets.of("Flag-DiT-1B/2"))
                .hasMessageStartingWith("no preset Flag-DiT-1B/2; there are Flag-DiT-600M/2");
    }

    private static LuminaDit trained(Kind kind, Rng rng) {
        LuminaDit dit = LuminaDit.initialise(kind.config, rng);
        randomise(dit, rng);
        return dit;
    }

    private static void randomise(LuminaDit dit, Rng rng) {
        Ops.noGrad(() -> {
            dit.parameters().trained().values().forEach(p -> rng.fillNormal(p, 0, 0.2));
            return 0;
        });
    }

    /// A class, or a text of three tokens of which the last is padding.
    private static Condition condition(LuminaDit dit, Rng rng, int b) {
        return switch (dit.config().conditioning()) {
            case Conditioning.Classes _ -> new Condition.Labels(Tensors.range(0, b));
            case Conditioning.Captions c ->
                    new Condition.Captions(
                            rng.normal(b, 3, c.width()),
                            Ops.cat(
                                    1,
                                    Tensors.full(1, Dtype.INT64, b, 2),
                                    Tensors.zeros(Dtype.INT64, b, 1)));
        };
    }

    private static Condition in(Condition condition, Dtype dtype) {
        return switch (condition) {
            case Condition.Labels c -> c;
            case Condition.Captions c ->
                    new Condition.Captions(Ops.to(c.states(), dtype), c.mask());
        };
    }

    private static Tensor predict(LuminaDit dit, Tensor x, Condition c) {
        Tensor t = Tensors.full(0.3, Dtype.FLOAT32, x.size(0));
        return Ops.noGrad(() -> dit.forward(x, t, c));
    }
}
