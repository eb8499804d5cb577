package org.dit4j.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.checkpoint.StateDict;
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
import org.junit.jupiter.params.provider.ValueSource;

class PixArtTest {
    private static final PixArt.Config TINY =
            new PixArt.Config(8, 2, 4, 8, 24, 2, 2, 10, true, 2, true, 1e-6);

    /// The layers of `PixArtMS.py`, counted by formulas; "0.6B" of the papers.
    @ParameterizedTest
    @CsvSource({
        "PixArt-alpha-512,610856096",
        "PixArt-alpha-1024,611349152",
        "PixArt-Sigma-2048,610856096"
    })
    void presetsHaveTheParametersOfTheirLayers(String name, long published) {
        PixArt.Config c = PixArtPresets.of(name);
        long d = 1152;
        long linear = d * d + d;
        long blocks = 28 * (8 * linear + 8 * d * d + 5 * d + 6 * d);
        long third = d / 3;
        long micro = c.microConditions() ? 2 * (257 * third + third * third + third) : 0;
        long embedders = 17 * d + 257 * d + linear + 6 * linear + 4097 * d + linear;
        long count = blocks + micro + embedders + 2 * d + 32 * (d + 1);
        try (var dit = new PixArt(ParameterSource.counting(), c)) {
            assertThat(dit.parameters().count()).isEqualTo(count).isEqualTo(published);
        }
    }

    @Test
    void startsAtZero() {
        try (var scope = TensorScope.open();
                var rng = Rng.seeded(1);
                var dit = PixArt.initialise(TINY, rng)) {
            Tensor out = predict(dit, rng.normal(2, 4, 8, 10), conditions(rng));
            assertThat(Shapes.of(out)).containsExactly(2, 8, 8, 10);
            assertThat(Tensors.floats(out)).containsOnly(0f);
        }
    }

    /// The gradient along a random direction against central differences, in float64.
    @Test
    void gradientsAgreeWithDifferences() {
        try (var scope = TensorScope.open();
                var rng = Rng.seeded(3);
                var dit = new PixArt(ParameterSource.initialising(rng, Dtype.FLOAT64), TINY)) {
            randomise(dit, rng);
            Tensor x = Ops.to(rng.normal(2, 4, 4, 8), Dtype.FLOAT64);
            PixArt.Conditions given = conditions(rng);
            var wide =
                    new PixArt.Conditions(
                            Ops.to(given.text(), Dtype.FLOAT64), given.mask(), given.micro());
            NetworkChecks.gradientsAgree(dit.parameters().trained(), rng, () -> loss(dit, x, wide));
        }
    }

    private static Tensor loss(PixArt dit, Tensor x, PixArt.Conditions conditions) {
        Tensor t = Tensors.of(new float[] {12, 873}, 2);
        return Ops.pow(dit.forward(x, t, conditions), 2).mean();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void passesLeaveNothingBehind(boolean gradients) {
        try (var rng = Rng.seeded(1);
                var dit = trained(rng)) {
            NetworkChecks.leavesNothing(() -> {
                Tensor x = rng.normal(2, 4, 8, 8);
                PixArt.Conditions conditions = conditions(rng);
                Ops.gradMode(gradients, () -> loss(dit, x, conditions));
            });
        }
    }

    @Test
    void paddingOfTheTextDoesNotCount() {
        try (var scope = TensorScope.open();
                var rng = Rng.seeded(2);
                var dit = trained(rng)) {
            Tensor x = rng.normal(2, 4, 8, 6);
            PixArt.Conditions given = conditions(rng);
            Tensor real = given.text().narrow(1, 0, 2);
            var shorter = new PixArt.Conditions(real, null, given.micro());
            var whole = new PixArt.Conditions(given.text(), null, given.micro());
            Tensor masked = predict(dit, x, given);
            assertThat(Ops.maxAbsDifference(masked, predict(dit, x, shorter))).isLessThan(2e-6);
            assertThat(Ops.maxAbsDifference(masked, predict(dit, x, whole))).isGreaterThan(1e-4);
        }
    }

    @Test
    void namesGoToDiffusersAndBackBitForBit() {
        try (var scope = TensorScope.open();
                var rng = Rng.seeded(4);
                var dit = trained(rng)) {
            var weights = new LinkedHashMap<String, Tensor>();
            dit.parameters().all().forEach((name, w) -> weights.put(name, w.detach()));
            StateDict there = PixArtLayouts.toDiffusers(StateDict.of(weights, Map.of()));
            assertThat(PixArtLayouts.find(there)).contains(Layout.DIFFUSERS);
            assertThat(there.names()).noneMatch(n -> n.startsWith("blocks."));
            StateDict back = PixArtLayouts.toOriginal(there, Layout.DIFFUSERS);
            assertThat(PixArtLayouts.find(back)).contains(Layout.ORIGINAL);
            assertThat(DitLayouts.find(back)).isEmpty();
            assertThat(back.names()).containsExactlyInAnyOrderElementsOf(weights.keySet());
            weights.forEach((name, w) ->
                    assertThat(Ops.maxAbsDifference(back.tensor(name), w)).as(name).isZero());
        }
    }

    private static PixArt.Config parse(Map<String, Object> map) {
        return PixArtConfigs.parse(JsonFile.mapper().valueToTree(map), "config.json");
    }

    /// `pixart_transformer_2d.py`, `PixArtTransformer2DModel.__init__`.
    @Test
    void absentKeysHaveTheDefaultsOfTheConstructor() {
        var map = new LinkedHashMap<String, Object>();
        map.put("_class_name", "PixArtTransformer2DModel");
        assertThat(parse(map))
                .isEqualTo(
                        new PixArt.Config(128, 2, 4, 8, 1152, 28, 16, 1152, false, 2, true, 1e-6));
        map.put("caption_channels", 4096);
        assertThat(parse(map)).isEqualTo(PixArtPresets.of("PixArt-alpha-1024"));
        map.put("sample_size", 64);
        assertThat(parse(map)).isEqualTo(PixArtPresets.of("PixArt-alpha-512"));
        map.put("sample_size", 32);
        map.put("interpolation_scale", 0.5);
        assertThat(parse(map)).isEqualTo(PixArtPresets.of("PixArt-Sigma-256"));
        map.put("out_channels", null);
        assertThat(parse(map).outChannels()).isEqualTo(4);
    }

    @Test
    void configurationsComeBackAndWrongOnesAreOneClearLine() {
        for (String name : PixArtPresets.names()) {
            PixArt.Config c = PixArtPresets.of(name);
            Map<String, Object> own = PixArtConfigs.json(c);
            assertThat(parse(own)).isEqualTo(c);
            for (String key : own.keySet()) {
                var less = new LinkedHashMap<>(own);
                less.remove(key);
                assertThatThrownBy(() -> parse(less))
                        .hasMessage("config.json: the key \"%s\" is missing".formatted(key));
            }
        }
        assertThatThrownBy(() ->
                        parse(Map.of("_class_name", "Transformer2DModel", "norm_type", "ada_norm")))
                .isInstanceOf(ConfigException.class)
                .hasMessage(
                        "config.json: norm_type must be one of [ada_norm_single] but is ada_norm");
        try (var scope = TensorScope.open();
                var rng = Rng.seeded(1);
                var dit = PixArt.initialise(TINY, rng)) {
            var none = new PixArt.Conditions(rng.normal(2, 3, 10), null, null);
            assertThatThrownBy(() -> predict(dit, rng.normal(2, 4, 8, 8), none))
                    .isInstanceOf(ShapeException.class)
                    .hasMessage(
                            "the network has an input for size and aspect ratio but was given none");
        }
    }

    private static PixArt trained(Rng rng) {
        PixArt dit = PixArt.initialise(TINY, rng);
        randomise(dit, rng);
        return dit;
    }

    private static void randomise(PixArt dit, Rng rng) {
        Ops.noGrad(() -> {
            dit.parameters().trained().values().forEach(p -> rng.fillNormal(p, 0, 0.2));
            return 0;
        });
    }

    /// Two texts of three tokens, the last of which is padding.
    private static PixArt.Conditions conditions(Rng rng) {
        return new PixArt.Conditions(
                rng.normal(2, 3, 10),
                Tensors.of(new long[] {1, 1, 0, 1, 1, 0}, 2, 3),
                new PixArt.Micro(
                        Tensors.of(new float[] {64, 96, 1024, 768}, 2, 2),
                        Tensors.of(new float[] {0.67f, 1.33f}, 2, 1)));
    }

    private static Tensor predict(PixArt dit, Tensor x, PixArt.Conditions conditions) {
        Tensor t = Tensors.full(300, Dtype.FLOAT32, x.size(0));
        return Ops.noGrad(() -> dit.forward(x, t, conditions));
    }
}
