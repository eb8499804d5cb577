package org.dit4j.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.Checkpoints;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.checkpoint.StateDict;
import org.dit4j.model.HunyuanDit.Conditions;
import org.dit4j.model.HunyuanDit.Meta;
import org.dit4j.model.HunyuanDit.Pooled;
import org.dit4j.model.HunyuanDit.Text;
import org.dit4j.nn.GridRegion.Spacing;
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
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class HunyuanDitTest {
    private static HunyuanDit.Config tiny(boolean sizeAndStyle, Pooled pooled) {
        var text = new Text(8, 3, 16, 5, 12, pooled);
        return new HunyuanDit.Config(
                8, 2, 4, 24, 6, 3, 4, true, text, sizeAndStyle, 4, Spacing.EVEN);
    }

    private static HunyuanDit.Config tiny() {
        return tiny(true, Pooled.SECOND);
    }

    /// The layers of `hydit/modules/models.py`, counted by formulas.
    private static long count(HunyuanDit.Config c, boolean meta) {
        long d = c.hiddenSize();
        long k = d / c.numHeads();
        Text t = c.text();
        long e = t.width();
        long f = t.secondWidth();
        long attentions = (4 * d * d + 4 * d) + (2 * d * d + 2 * d * e + 4 * d) + 8 * k;
        long mlp = 2 * d * c.mlpWidth() + c.mlpWidth() + d;
        long block = attentions + mlp + d * d + d + 6 * d;
        long skips = (c.depth() / 2 - 1) * (2 * d * d + d + 4 * d);
        long textParts = f * 4 * f + 4 * f + 4 * f * e + e + (t.length() + t.secondLength()) * e;
        long pool = (t.secondLength() + 1) * f + 3 * (f * f + f) + (f + 1) * t.pooledWidth();
        long extras = t.pooledWidth() + (meta ? 6 * 256 + d : 0);
        long vector = (extras + 1) * 4 * d + 4 * d * d + d + 257 * d + d * d + d;
        long ends = (16 + 1) * d + 32 * (d + 1) + 2 * d * (d + 1);
        return block * c.depth() + skips + textParts + pool + vector + ends + (meta ? d : 0);
    }

    @ParameterizedTest
    @CsvSource({"HunyuanDiT-g/2", "HunyuanDiT-XL/2", "HunyuanDiT-L/2", "HunyuanDiT-B/2"})
    void presetsHaveTheParametersOfTheirLayers(String name) {
        for (boolean meta : new boolean[] {true, false}) {
            HunyuanDit.Config config = HunyuanDitPresets.of(name, 128, meta);
            try (var dit = new HunyuanDit(ParameterSource.counting(), config)) {
                assertThat(dit.parameters().count()).isEqualTo(count(config, meta));
            }
        }
    }

    /// "1.5B" of the model card.
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void thePublishedSizeHasAboutOneAndAHalfThousandMillionParameters(boolean meta) {
        HunyuanDit.Config config = HunyuanDitPresets.of("HunyuanDiT-g/2", 128, meta);
        try (var dit = new HunyuanDit(ParameterSource.counting(), config)) {
            assertThat(dit.parameters().count() / 1e9).isCloseTo(1.5, within(0.02));
        }
    }

    @ParameterizedTest
    @EnumSource
    void startsAtZeroWithWidthsAndSourcesOfItsOwn(Pooled pooled) {
        try (var scope = TensorScope.open();
                var rng = Rng.seeded(1);
                var dit = HunyuanDit.initialise(tiny(false, pooled), rng)) {
            Tensor out = predict(dit, rng.normal(2, 4, 8, 12), conditions(dit, rng, 2));
            assertThat(Shapes.of(out)).containsExactly(2, 8, 8, 12);
            assertThat(Tensors.floats(out)).containsOnly(0f);
        }
    }

    @Test
    void startsAsTheOriginalCodeDoes() {
        try (var rng = Rng.seeded(1);
                var dit = HunyuanDit.initialise(tiny(), rng)) {
            assertThat(std(dit, "blocks.0.default_modulation.1.weight")).isZero();
            assertThat(std(dit, "final_layer.adaLN_modulation.1.weight")).isZero();
            assertThat(std(dit, "final_layer.linear.weight")).isZero();
            assertThat(std(dit, "extra_embedder.0.weight")).isCloseTo(0.02, within(0.001));
            assertThat(std(dit, "t_embedder.mlp.0.weight")).isCloseTo(0.02, within(0.001));
            // Xavier: sqrt(2 / (fan in + fan out))
            assertThat(std(dit, "blocks.5.attn1.Wqkv.weight"))
                    .isCloseTo(Math.sqrt(2.0 / (24 + 72)), within(0.01));
            assertThat(std(dit, "pooler.positional_embedding")).isCloseTo(0.25, within(0.05));
        }
    }

    private static double std(HunyuanDit dit, String name) {
        try (var scope = TensorScope.open()) {
            Tensor w = dit.parameters().trained().get(name);
            return Math.sqrt(Ops.item(Ops.pow(w.detach(), 2).mean()));
        }
    }

    @ParameterizedTest
    @CsvSource({"8,8", "2,2", "4,20", "24,6", "5,7"})
    void everySizeIsPredictedAndEveryInputCounts(int h, int w) {
        try (var scope = TensorScope.open();
                var rng = Rng.seeded(1);
                var dit = trained(tiny(), rng)) {
            Tensor x = rng.normal(1, 4, h, w);
            Conditions c = conditions(dit, rng, 1);
            Tensor a = predict(dit, x, c);
            assertThat(Shapes.of(a)).containsExactly(1, 8, h, w);
            assertThat(Ops.maxAbsDifference(a, predict(dit, x, c))).isZero();
            Meta meta = c.meta().orElseThrow();
            var otherSize = Optional.of(new Meta(Ops.add(meta.sizes(), 64), meta.style()));
            for (Conditions other :
                    new Conditions[] {
                        new Conditions(
                                rng.normal(1, 3, 8),
                                c.mask(),
                                c.secondStates(),
                                c.secondMask(),
                                c.meta()),
                        new Conditions(
                                c.states(),
                                c.mask(),
                                rng.normal(1, 5, 16),
                                c.secondMask(),
                                c.meta()),
                        new Conditions(
                                c.states(),
                                Tensors.zeros(Dtype.INT64, 1, 3),
                                c.secondStates(),
                                c.secondMask(),
                                c.meta()),
                        new Conditions(
                                c.states(), c.mask(), c.secondStates(), c.secondMask(), otherSize)
                    }) {
                assertThat(Ops.maxAbsDifference(a, predict(dit, x, other))).isGreaterThan(1e-5);
            }
        }
    }

    @Test
    void whatStandsAtPaddingOfTheFirstEncoderDoesNotCount() {
        try (var scope = TensorScope.open();
                var rng = Rng.seeded(1);
                var dit = trained(tiny(), rng)) {
            Tensor x = rng.normal(1, 4, 8, 8);
            Conditions c = conditions(dit, rng, 1); // its last token is padding
            Tensor states = c.states().clone();
            Ops.fill_(states.narrow(1, 2, 1), 9);
            Conditions other =
                    new Conditions(states, c.mask(), c.secondStates(), c.secondMask(), c.meta());
            assertThat(Ops.maxAbsDifference(predict(dit, x, c), predict(dit, x, other))).isZero();
        }
    }

    /// The gradient along a random direction against central differences, in float64.
    @ParameterizedTest
    @ValueSource(
            strings = {
                "blocks.0.attn1.Wqkv.weight",
                "blocks.0.attn1.q_norm.weight",
                "blocks.1.default_modulation.1.weight",
                "blocks.5.skip_linear.weight",
                "blocks.4.attn2.kv_proj.weight",
                "text_embedding_padding",
                "pooler.q_proj.weight",
                "mlp_t5.0.weight",
                "style_embedder.weight",
                "x_embedder.proj.weight"
            })
    void gradientsAgreeWithDifferences(String name) {
        try (var scope = TensorScope.open();
                var rng = Rng.seeded(3);
                var dit =
                        new HunyuanDit(ParameterSource.initialising(rng, Dtype.FLOAT64), tiny())) {
            randomise(dit, rng);
            Tensor x = Ops.to(rng.normal(2, 4, 4, 8), Dtype.FLOAT64);
            Conditions c = in(conditions(dit, rng, 2), Dtype.FLOAT64);
            Tensor w = dit.parameters().trained().get(name);
            double slope = NetworkChecks.gradientAgrees(name, w, rng, () -> loss(dit, x, c), 1e-5);
            assertThat(Math.abs(slope)).isGreaterThan(1e-6);
        }
    }

    @Test
    void bfloat16WeightsPredictNearlyTheSame() {
        try (var scope = TensorScope.open();
                var rng = Rng.seeded(5);
                var dit = HunyuanDit.initialise(tiny(), rng)) {
            Ops.noGrad(() -> {
                dit.parameters().trained().values().forEach(p -> rng.fillNormal(p, 0, 0.05));
                return 0;
            });
            Map<String, Tensor> weights = new HashMap<>();
            dit.parameters().all().forEach((name, w) -> weights.put(name, w.detach()));
            LoadOptions half = LoadOptions.inference().withDtype(Dtype.BFLOAT16);
            Tensor x = rng.normal(1, 4, 8, 12);
            Conditions c = conditions(dit, rng, 1);
            Tensor exact = predict(dit, x, c);
            try (var small =
                    Checkpoints.load(
                            StateDict.of(weights, Map.of()),
                            half,
                            source -> new HunyuanDit(source, tiny()))) {
                Tensor y = predict(small, Ops.to(x, small.dtype()), in(c, small.dtype()));
                assertThat(Dtype.of(y)).isEqualTo(Dtype.BFLOAT16);
                double scale = Ops.item(exact.abs().max());
                assertThat(scale).isGreaterThan(0.1);
                assertThat(Ops.maxAbsDifference(y, exact)).isBetween(1e-6, 0.05 * scale);
            }
        }
    }

    private static Tensor loss(HunyuanDit dit, Tensor x, Conditions c) {
        Tensor out = dit.forward(x, Tensors.of(new double[] {3, 700}, 2), c);
        return Ops.pow(out, 2).mean();
    }

    @Test
    void everyParameterOfATrainedNetworkReceivesAGradient() {
        try (var scope = TensorScope.open();
                var rng = Rng.seeded(4);
                var dit = trained(tiny(), rng)) {
            loss(dit, rng.normal(2, 4, 8, 8), conditions(dit, rng, 2)).backward();
            assertThat(dit.parameters().trained())
                    .allSatisfy((name, w) -> {
                        assertThat(w.grad().defined()).as(name).isTrue();
                        assertThat(Ops.isFinite(w.grad())).as(name).isTrue();
                        // adding one number to all scores of a query changes nothing
                        boolean cancels = name.matches("pooler.k_proj.bias|.*attn2.k_norm.bias");
                        if (!cancels) {
                            assertThat(Ops.item(w.grad().abs().max())).as(name).isGreaterThan(1e-7);
                        }
                    });
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void passesLeaveNothingBehind(boolean gradients) {
        try (var rng = Rng.seeded(1);
                var dit = trained(tiny(), rng)) {
            NetworkChecks.leavesNothing(() -> {
                Tensor x = rng.normal(2, 4, 8, 8);
                Conditions c = conditions(dit, rng, 2);
                Ops.gradMode(gradients, () -> loss(dit, x, c));
            });
        }
    }

    @Test
    void tokensBeyondTheLengthsCountOnlyWhereTheyAreReal() {
        try (var scope = TensorScope.open();
                var rng = Rng.seeded(1);
                var dit = trained(tiny(), rng)) {
            Tensor x = rng.normal(1, 4, 4, 4);
            Conditions c = conditions(dit, rng, 1);
            Tensor more = rng.normal(1, 2, 8);
            Tensor secondMore = rng.normal(1, 1, 16);
            Tensor a = predict(dit, x, c);
            Tensor padded = predict(dit, x, longer(c, more, secondMore, 0));
            assertThat(Ops.maxAbsDifference(a, padded)).isLessThan(1e-5);
            Tensor real = predict(dit, x, longer(c, more, secondMore, 1));
            assertThat(Ops.maxAbsDifference(a, real)).isGreaterThan(1e-4);
        }
    }

    private static Conditions longer(Conditions c, Tensor more, Tensor secondMore, double real) {
        Tensor mask = Ops.add(Tensors.zeros(Dtype.of(c.mask()), 1, more.size(1)), real);
        Tensor secondMask =
                Ops.add(Tensors.zeros(Dtype.of(c.secondMask()), 1, secondMore.size(1)), real);
        return new Conditions(
                Ops.cat(1, c.states(), more),
                Ops.cat(1, c.mask(), mask),
                Ops.cat(1, c.secondStates(), secondMore),
                Ops.cat(1, c.secondMask(), secondMask),
                c.meta());
    }

    @Test
    void whatDoesNotDivideIntoPatchesIsFilledUpWithItsEdge() {
        try (var scope = TensorScope.open();
                var rng = Rng.seeded(1);
                var dit = trained(tiny(), rng)) {
            Tensor x = rng.normal(1, 4, 4, 3);
            Conditions c = conditions(dit, rng, 1);
            Tensor filled = Ops.cat(3, x, x.narrow(3, 2, 1));
            assertThat(
                            Ops.maxAbsDifference(
                                    predict(dit, x, c), predict(dit, filled, c).narrow(3, 0, 3)))
                    .isZero();
        }
    }

    @Test
    void wrongShapesAndConfigsAreOneClearLine() {
        try (var scope = TensorScope.open();
                var rng = Rng.seeded(1);
                var dit = HunyuanDit.initialise(tiny(), rng)) {
            Conditions c = conditions(dit, rng, 1);
            assertThatThrownBy(() -> dit.embed(rng.normal(1, 4, 8, 7), rng.uniform(1), c))
                    .isInstanceOf(ShapeException.class)
                    .hasMessage("latents of 8 x 7 do not divide into patches of 2");
            var none =
                    new Conditions(
                            c.states(),
                            c.mask(),
                            c.secondStates(),
                            c.secondMask(),
                            Optional.empty());
            assertThatThrownBy(() -> predict(dit, rng.normal(1, 4, 8, 8), none))
                    .hasMessage("this network needs size and style among its conditions");
            assertThatThrownBy(() -> predict(dit, rng.normal(2, 4, 8, 8), c))
                    .hasMessage("states must have shape [2, 3, 8] but has [1, 3, 8]");
        }
        Text text = tiny().text();
        assertThatThrownBy(() ->
                        new HunyuanDit.Config(
                                8, 2, 4, 24, 5, 3, 4, true, text, true, 4, Spacing.EVEN))
                .isInstanceOf(ConfigException.class)
                .hasMessage("depth must be even but is 5");
        assertThatThrownBy(() ->
                        new HunyuanDit.Config(
                                8, 2, 4, 24, 6, 4, 4, true, text, true, 4, Spacing.EVEN))
                .hasMessage("hidden_size 24 must be divisible by 4 times num_heads 4");
        assertThatThrownBy(() -> HunyuanDitPresets.of("HunyuanDiT-S/2", 32, true))
                .hasMessageStartingWith("no preset HunyuanDiT-S/2; there are HunyuanDiT-g/2");
    }

    private static HunyuanDit trained(HunyuanDit.Config config, Rng rng) {
        HunyuanDit dit = HunyuanDit.initialise(config, rng);
        randomise(dit, rng);
        return dit;
    }

    private static void randomise(HunyuanDit dit, Rng rng) {
        Ops.noGrad(() -> {
            dit.parameters().trained().values().forEach(p -> rng.fillNormal(p, 0, 0.2));
            return 0;
        });
    }

    /// Text of which the last tokens of both encoders are padding.
    private static Conditions conditions(HunyuanDit dit, Rng rng, int b) {
        Text text = dit.config().text();
        Tensor sizes = Ops.mul(rng.normal(b, 6).abs(), 500);
        return new Conditions(
                rng.normal(b, text.length(), text.width()),
                mask(b, text.length()),
                rng.normal(b, text.secondLength(), text.secondWidth()),
                mask(b, text.secondLength()),
                dit.config().sizeAndStyle()
                        ? Optional.of(new Meta(sizes, Tensors.zeros(Dtype.INT64, b)))
                        : Optional.empty());
    }

    private static Conditions in(Conditions c, Dtype dtype) {
        return new Conditions(
                Ops.to(c.states(), dtype),
                c.mask(),
                Ops.to(c.secondStates(), dtype),
                c.secondMask(),
                c.meta());
    }

    private static Tensor mask(int b, int length) {
        Tensor ones = Tensors.full(1, Dtype.INT64, b, length - 1);
        return Ops.cat(1, ones, Tensors.zeros(Dtype.INT64, b, 1));
    }

    private static Tensor predict(HunyuanDit dit, Tensor x, Conditions c) {
        Tensor t = Tensors.full(300, Dtype.FLOAT32, x.size(0));
        return Ops.noGrad(() -> dit.forward(x, t, c));
    }
}
