package org.dit4j.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.checkpoint.StateDict;
import org.dit4j.nn.LinearAttention;
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

class SanaTest {
    private static final Sana.Config TINY = tiny(true, 1.0);

    private static Sana.Config tiny(boolean sprint, @Nullable Double interpolation) {
        return new Sana.Config(
                8,
                2,
                4,
                4,
                24,
                2,
                3,
                2,
                10,
                2.5,
                false,
                sprint,
                interpolation,
                sprint,
                0.1,
                1,
                false,
                1e-6);
    }

    /// The layers of `sana_multi_scale.py`, counted by formulas; 0.6B and 1.6B networks have 592
    /// and 1604 million in arXiv:2410.10629.
    @ParameterizedTest
    @CsvSource({
        "Sana-0.6B-512,592",
        "Sana-1.6B-1024,1604",
        "Sana-1.6B-4096,1604",
        "Sana-1.5-4.8B,4722",
        "Sana-Sprint-0.6B,594"
    })
    void presetsHaveTheParametersOfTheirLayers(String name, long millions) {
        Sana.Config c = SanaPresets.of(name);
        long d = c.hiddenSize();
        long h = d * 5 / 2;
        long attention = 4 * d * d + d;
        long cross = 4 * d * d + 4 * d;
        long ffn = 2 * h * d + 2 * h + 18 * h + 2 * h + h * d;
        long norms = c.qkNorm() ? 4 * d : 0;
        long blocks = c.depth() * (6 * d + attention + cross + ffn + norms);
        long time = 257 * d + d * d + d;
        long embedders = 33 * d + time * (c.guidanceEmbeds() ? 2 : 1) + 6 * (d * d + d);
        long text = 2305 * d + d * d + d + d;
        long count = blocks + embedders + text + 2 * d + 32 * (d + 1);
        try (var dit = new Sana(ParameterSource.counting(), c)) {
            assertThat(dit.parameters().count()).isEqualTo(count);
            assertThat(Math.round(count / 1e6)).isEqualTo(millions);
        }
    }

    /// Two tokens and two channels by hand: the weights are `relu(q) . relu(k)`.
    @Test
    void linearAttentionAveragesByProductsOfPositiveParts() {
        try (var _ = TensorScope.open()) {
            Tensor q = Tensors.of(new float[] {1, -5, 2, 3}, 1, 1, 2, 2);
            Tensor k = Tensors.of(new float[] {1, 1, 3, -7}, 1, 1, 2, 2);
            Tensor v = Tensors.of(new float[] {4, 8, -4, 0}, 1, 1, 2, 2);
            // first query (1, 0): weights 1 and 3; second (2, 3): weights 5 and 6
            double[] wanted = {-2, 2, (5 * 4 - 6 * 4) / 11.0, 40 / 11.0};
            assertThat(Tensors.doubles(LinearAttention.attend(q, k, v)))
                    .containsExactly(wanted, within(1e-6));
            Tensor none = LinearAttention.attend(q.neg().abs().neg(), k, v);
            assertThat(Tensors.doubles(none)).containsOnly(0);
        }
    }

    private static Sana trained(Rng rng, Sana.Config config) {
        Sana dit = Sana.initialise(config, rng);
        Ops.noGrad(() -> {
            dit.parameters()
                    .trained()
                    .values()
                    .forEach(w -> Ops.mul_(rng.fillNormal(w, 0, 1), 0.3));
            return 0;
        });
        return dit;
    }

    private static Sana.Conditions conditions(Rng rng) {
        return new Sana.Conditions(
                rng.normal(2, 5, 10),
                Tensors.of(new float[] {1, 1, 0, 0, 0, 1, 1, 0, 0, 0}, 2, 5),
                Tensors.of(new float[] {0.45f, 0.1f}, 2));
    }

    private static Tensor predict(Sana dit, Tensor x, Sana.Conditions conditions) {
        Tensor t = Tensors.of(new float[] {12, 873}, 2);
        return Ops.noGrad(() -> dit.forward(x, t, conditions));
    }

    @Test
    void startsAtZero() {
        try (var _ = TensorScope.open();
                var rng = Rng.seeded(1);
                var dit = Sana.initialise(TINY, rng)) {
            Tensor out = predict(dit, rng.normal(2, 4, 8, 10), conditions(rng));
            assertThat(Shapes.of(out)).containsExactly(2, 4, 8, 10);
            assertThat(Tensors.floats(out)).containsOnly(0f);
        }
    }

    @Test
    void everyInputCounts() {
        try (var _ = TensorScope.open();
                var rng = Rng.seeded(2);
                var dit = trained(rng, TINY)) {
            Tensor x = rng.normal(2, 4, 8, 6);
            Sana.Conditions given = conditions(rng);
            Tensor out = predict(dit, x, given);
            var shorter = new Sana.Conditions(given.text().narrow(1, 0, 2), null, given.guidance());
            assertThat(Ops.maxAbsDifference(out, predict(dit, x, shorter))).isLessThan(1e-5);
            var whole = new Sana.Conditions(given.text(), null, given.guidance());
            assertThat(Ops.maxAbsDifference(out, predict(dit, x, whole))).isGreaterThan(1e-4);
            Tensor stronger = Ops.mul(given.guidance(), 2);
            var guided = new Sana.Conditions(given.text(), given.mask(), stronger);
            assertThat(Ops.maxAbsDifference(out, predict(dit, x, guided))).isGreaterThan(1e-4);
        }
    }

    /// Without a table of positions, only the padding of the convolutions tells them.
    @Test
    void positionsAreAnOption() {
        try (var _ = TensorScope.open();
                var rng = Rng.seeded(3);
                var with = trained(rng, tiny(true, 1.0));
                var without = trained(rng, tiny(true, null))) {
            Tensor patch = rng.normal(1, 4, 2, 2);
            Tensor x = Ops.cat(3, patch, patch);
            x = Ops.cat(2, x, x);
            Tensor t = Tensors.of(new float[] {5}, 1);
            Sana.Conditions c = conditions(rng);
            var one =
                    new Sana.Conditions(
                            c.text().narrow(0, 0, 1), null, c.guidance().narrow(0, 0, 1));
            Tensor tokens = without.embed(x, t, one).x();
            assertThat(Ops.maxAbsDifference(tokens.select(1, 0), tokens.select(1, 3))).isZero();
            Tensor placed = with.embed(x, t, one).x();
            assertThat(Ops.maxAbsDifference(placed.select(1, 0), placed.select(1, 3)))
                    .isGreaterThan(0.1);
        }
    }

    /// The gradient along a random direction against central differences, in float64.
    @Test
    void gradientsAgreeWithDifferences() {
        try (var _ = TensorScope.open();
                var rng = Rng.seeded(6);
                var dit = new Sana(ParameterSource.initialising(rng, Dtype.FLOAT64), TINY)) {
            Ops.noGrad(() -> {
                dit.parameters().trained().values().forEach(w -> rng.fillNormal(w, 0, 0.3));
                return 0;
            });
            Tensor x = Ops.to(rng.normal(2, 4, 4, 8), Dtype.FLOAT64);
            Tensor direction = Ops.to(rng.normal(2, 4, 4, 8), Dtype.FLOAT64);
            Sana.Conditions given = conditions(rng);
            var wide =
                    new Sana.Conditions(
                            Ops.to(given.text(), Dtype.FLOAT64), given.mask(), given.guidance());
            x.set_requires_grad(true);
            double slope = Ops.item(Ops.gradient(loss(dit, x, wide), x).mul(direction).sum());
            double h = 1e-6;
            double up = Ops.item(loss(dit, Ops.addScaled(x, direction, h), wide));
            double down = Ops.item(loss(dit, Ops.addScaled(x, direction, -h), wide));
            assertThat((up - down) / (2 * h)).isCloseTo(slope, within(1e-5 * Math.abs(slope)));
        }
    }

    private static Tensor loss(Sana dit, Tensor x, Sana.Conditions conditions) {
        Tensor t = Tensors.of(new float[] {12, 873}, 2);
        return dit.forward(x, t, conditions).square().mean();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void passesLeaveNothingBehind(boolean gradients) {
        try (var rng = Rng.seeded(1);
                var dit = trained(rng, TINY)) {
            NetworkChecks.leavesNothing(() -> {
                Tensor x = rng.normal(2, 4, 8, 8);
                Sana.Conditions conditions = conditions(rng);
                Tensor t = Tensors.of(new float[] {12, 873}, 2);
                Ops.gradMode(gradients, () -> dit.forward(x, t, conditions).mean());
            });
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void namesGoToDiffusersAndBackBitForBit(boolean sprint) {
        try (var _ = TensorScope.open();
                var rng = Rng.seeded(4);
                var dit = trained(rng, tiny(sprint, null))) {
            var weights = new LinkedHashMap<String, Tensor>();
            dit.parameters().all().forEach((name, w) -> weights.put(name, w.detach()));
            StateDict there = SanaLayouts.toDiffusers(StateDict.of(weights, Map.of()));
            assertThat(SanaLayouts.find(there)).contains(Layout.DIFFUSERS);
            assertThat(PixArtLayouts.find(there)).isEmpty();
            assertThat(there.names())
                    .noneMatch(n -> n.startsWith("blocks."))
                    .contains(
                            sprint
                                    ? "time_embed.timestep_embedder.linear_1.weight"
                                    : "time_embed.emb.timestep_embedder.linear_1.weight");
            StateDict back = SanaLayouts.toOriginal(there, Layout.DIFFUSERS);
            assertThat(SanaLayouts.find(back)).contains(Layout.ORIGINAL);
            assertThat(PixArtLayouts.find(back)).isEmpty();
            assertThat(back.names()).containsExactlyInAnyOrderElementsOf(weights.keySet());
            weights.forEach((name, w) ->
                    assertThat(Ops.maxAbsDifference(back.tensor(name), w)).as(name).isZero());
        }
    }

    private static Sana.Config parse(Map<String, Object> map) {
        return SanaConfigs.parse(JsonFile.mapper().valueToTree(map), "config.json");
    }

    /// `sana_transformer.py`, `SanaTransformer2DModel.__init__`.
    @Test
    void absentKeysHaveTheDefaultsOfTheConstructor() {
        var map = new LinkedHashMap<String, Object>();
        map.put("_class_name", "SanaTransformer2DModel");
        assertThat(parse(map)).isEqualTo(SanaPresets.of("Sana-1.6B-1024"));
        map.put("sample_size", 128);
        map.put("interpolation_scale", 2);
        assertThat(parse(map)).isEqualTo(SanaPresets.of("Sana-1.6B-4096"));
        map.put("out_channels", null);
        map.put("in_channels", 7);
        assertThat(parse(map).outChannels()).isEqualTo(7);
    }

    @Test
    void configurationsComeBackAndWrongOnesAreOneClearLine() {
        for (String name : SanaPresets.names()) {
            Sana.Config c = SanaPresets.of(name);
            assertThat(parse(SanaConfigs.json(c))).isEqualTo(c);
        }
        assertThatThrownBy(() -> SanaPresets.of("Sana-2"))
                .isInstanceOf(ConfigException.class)
                .hasMessageStartingWith("no preset Sana-2; there are Sana-0.6B-512");
        var map = new LinkedHashMap<String, Object>();
        map.put("_class_name", "SanaTransformer2DModel");
        map.put("cross_attention_dim", 16);
        assertThatThrownBy(() -> parse(map))
                .isInstanceOf(ConfigException.class)
                .hasMessage(
                        "config.json: the widths of both attentions and cross_attention_dim must be the same but are 2240, 2240 and 16");
    }

    @Test
    void guidanceMustBeGivenWhereItIsAnInput() {
        try (var _ = TensorScope.open();
                var rng = Rng.seeded(5);
                var dit = trained(rng, TINY)) {
            Tensor text = rng.normal(2, 5, 10);
            assertThatThrownBy(() ->
                            predict(
                                    dit,
                                    rng.normal(2, 4, 8, 8),
                                    new Sana.Conditions(text, null, null)))
                    .isInstanceOf(ShapeException.class)
                    .hasMessage("the network has an input for the guidance but was given none");
            assertThatThrownBy(() -> predict(dit, rng.normal(2, 4, 8, 9), conditions(rng)))
                    .isInstanceOf(ShapeException.class)
                    .hasMessage("latents of 8 x 9 do not divide into patches of 2");
        }
    }
}
