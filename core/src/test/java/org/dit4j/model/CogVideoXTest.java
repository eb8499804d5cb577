package org.dit4j.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.checkpoint.StateDict;
import org.dit4j.model.CogVideoXConfig.Positions;
import org.dit4j.nn.GridRegion;
import org.dit4j.nn.ParameterSource;
import org.dit4j.nn.Rotary;
import org.dit4j.nn.VideoPatch;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.Shapes;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class CogVideoXTest {
    private static final int TEXT = 6;

    private static CogVideoXConfig tiny(Positions positions, int offset) {
        boolean second = offset > 0;
        return new CogVideoXConfig(
                new VideoPatch(second ? 2 : 1, 2, 2),
                second,
                true,
                3,
                4,
                2,
                16,
                2,
                8,
                offset,
                TEXT,
                3,
                2,
                4,
                6,
                1.5,
                1,
                positions,
                true,
                true,
                1e-5);
    }

    /// The published sizes in round numbers; of the layers below they are exact.
    @ParameterizedTest
    @CsvSource({
        "CogVideoX-2B, 1.69",
        "CogVideoX-5B, 5.57",
        "CogVideoX-5B-I2V, 5.57",
        "CogVideoX1.5-5B, 5.57",
        "CogVideoX1.5-5B-I2V, 5.57"
    })
    void presetsHaveTheParametersOfTheirLayers(String name, double billions) {
        CogVideoXConfig c = CogVideoXPresets.of(name);
        try (var network = new CogVideoX(ParameterSource.counting(), c)) {
            assertThat(network.parameters().count()).isEqualTo(count(c));
            assertThat(count(c) / 1e9).isCloseTo(billions, within(0.01));
        }
    }

    /// The layers of `cogvideox_transformer_3d.py`, counted by formulas.
    private static long count(CogVideoXConfig c) {
        long d = c.hiddenSize();
        long t = c.timeWidth();
        long o = c.offsetWidth();
        long block =
                4 * linear(d, d)
                        + 4L * c.headWidth()
                        + 2 * (linear(t, 6 * d) + 2 * d)
                        + linear(d, 4 * d)
                        + linear(4 * d, d);
        long patch = c.patch().volume();
        long ends = linear(patch * c.inChannels(), d) + linear(d, patch * c.outChannels());
        long given = linear(c.textWidth(), d) + linear(d, t) + linear(t, t) + 2 * linear(o, o);
        return c.depth() * block + ends + given + linear(t, 2 * d) + 4 * d;
    }

    private static long linear(long in, long out) {
        return in * out + out;
    }

    @ParameterizedTest
    @ValueSource(strings = {"rotary", "1.5-rotary-ofs"})
    void theRotaryPositionsAreThoseOfTheReference(String name) {
        Path folder = Path.of("../conformance/cases/models/cogvideox", name);
        try (var scope = TensorScope.open();
                var io = StateDict.open(folder.resolve("io.safetensors"));
                var network =
                        new CogVideoX(
                                ParameterSource.counting(),
                                CogVideoXConfigs.read(folder.resolve("config.json")))) {
            for (String call : new String[] {"c0", "c1"}) {
                Tensor x = io.tensor(call + ".in.hidden_states");
                Rotary own = Objects.requireNonNull(network.positions(x));
                Tensor cos = io.tensor(call + ".in.image_rotary_emb.0");
                Tensor sin = io.tensor(call + ".in.image_rotary_emb.1");
                assertThat(Ops.maxAbsDifference(own.cos(), cos)).isLessThan(1e-6);
                assertThat(Ops.maxAbsDifference(own.sin(), sin)).isLessThan(1e-6);
            }
        }
    }

    /// Worked by hand from `get_resize_crop_region_for_grid`.
    @ParameterizedTest
    @CsvSource({
        "30,45, 30,45, 0,0,30,45",
        "30,45, 24,24, 0,8,30,30", // as high as the base; (45 - 30) / 2 = 7.5, to even 8
        "30,45, 15,45, 8,0,15,45", // as wide as the base
        "30,45, 45,30, 0,12,30,20" // 30 / 45 * 30 = 20; 12.5, to even 12
    })
    void aVideoCoversAPartOfTheUsualGrid(
            int rows, int columns, int h, int w, int top, int left, int height, int width) {
        assertThat(GridRegion.filling(rows, columns, h, w))
                .isEqualTo(new GridRegion(top, left, height, width));
    }

    /// The gradient along a random direction against central differences, in float64.
    @ParameterizedTest
    @CsvSource({"SIN_COS,0", "ROTARY,8"})
    void gradientsAgreeWithDifferences(Positions positions, int offset) {
        try (var scope = TensorScope.open();
                var rng = Rng.seeded(3);
                var dit =
                        new CogVideoX(
                                ParameterSource.initialising(rng, Dtype.FLOAT64),
                                tiny(positions, offset))) {
            randomise(dit, rng);
            Tensor x = Ops.to(rng.normal(2, 2, 3, 4, 6), Dtype.FLOAT64);
            Tensor text = Ops.to(rng.normal(2, 3, TEXT), Dtype.FLOAT64);
            NetworkChecks.gradientsAgree(
                    dit.parameters().trained(), rng, () -> loss(dit, x, text), _ -> true);
        }
    }

    private static Tensor loss(CogVideoX dit, Tensor x, Tensor text) {
        Tensor t = Tensors.of(new double[] {300, 800}, 2);
        return Ops.pow(dit.forward(x, t, text, offset(dit), null), 2).mean();
    }

    private static @Nullable Tensor offset(CogVideoX dit) {
        return dit.config().offsetWidth() > 0 ? Tensors.full(2, Dtype.FLOAT32, 1) : null;
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void passesLeaveNothingBehind(boolean gradients) {
        try (var rng = Rng.seeded(1);
                var dit = CogVideoX.initialise(tiny(Positions.ROTARY_LEARNED, 0), rng)) {
            NetworkChecks.leavesNothing(() -> {
                Tensor x = rng.normal(2, 2, 3, 4, 6);
                Tensor text = rng.normal(2, 3, TEXT);
                Ops.gradMode(gradients, () -> loss(dit, x, text));
            });
        }
    }

    /// Without training a learned table is the sin-cos one.
    @Test
    void aLearnedTableIsUsedForItsSizeOnly() {
        try (var scope = TensorScope.open();
                var rng = Rng.seeded(2);
                var dit = CogVideoX.initialise(tiny(Positions.ROTARY_LEARNED, 0), rng)) {
            randomise(dit, rng);
            Tensor table = dit.parameters().all().get("patch_embed.pos_embedding");
            assertThat(Shapes.of(table)).containsExactly(1, 3 + 2 * 2 * 3, 32);
            assertThat(Ops.item(table.narrow(1, 0, 3).abs().max())).isZero();
            Tensor x = rng.normal(2, 2, 3, 4, 6);
            Tensor longer = rng.normal(2, 3, 3, 4, 6);
            Tensor text = rng.normal(2, 3, TEXT);
            double before = Ops.item(Ops.noGrad(() -> loss(dit, x, text)));
            double other = Ops.item(Ops.noGrad(() -> loss(dit, longer, text)));
            Ops.noGrad(() -> Ops.fill_(table, 0.5));
            assertThat(Ops.item(Ops.noGrad(() -> loss(dit, x, text)))).isNotEqualTo(before);
            assertThat(Ops.item(Ops.noGrad(() -> loss(dit, longer, text)))).isEqualTo(other);
            assertThatThrownBy(() -> loss(dit, rng.normal(2, 2, 3, 4, 4), text))
                    .hasMessage("the learned positions are of 2 x 3 patches, the latents of 2 x 2");
        }
    }

    @ParameterizedTest
    @EnumSource
    void everyKindOfPositionsCounts(Positions positions) {
        try (var scope = TensorScope.open();
                var rng = Rng.seeded(2);
                var dit = CogVideoX.initialise(tiny(positions, 0), rng)) {
            randomise(dit, rng);
            Tensor x = rng.normal(1, 2, 3, 4, 6);
            Tensor swapped = Ops.cat(1, x.narrow(1, 1, 1), x.narrow(1, 0, 1));
            Tensor text = rng.normal(1, 3, TEXT);
            Tensor t = Tensors.full(300, Dtype.FLOAT32, 1);
            Tensor a = Ops.noGrad(() -> dit.forward(x, t, text, null, null));
            Tensor b = Ops.noGrad(() -> dit.forward(swapped, t, text, null, null));
            assertThat(Shapes.of(a)).containsExactly(1, 2, 4, 4, 6);
            assertThat(Ops.maxAbsDifference(a.narrow(1, 0, 1), b.narrow(1, 1, 1)))
                    .isGreaterThan(1e-4);
        }
    }

    @Test
    void theFilesAreReadAndWrongOnesAreOneClearLine() {
        CogVideoXConfig c = parse(Map.of("_class_name", "CogVideoXTransformer3DModel"));
        assertThat(c).isEqualTo(CogVideoXPresets.of("CogVideoX-2B"));
        for (String name : CogVideoXPresets.names()) {
            CogVideoXConfig preset = CogVideoXPresets.of(name);
            assertThat(parse(CogVideoXConfigs.json(preset))).isEqualTo(preset);
        }
        Map<String, Object> map = CogVideoXConfigs.json(c);
        map.put("use_learned_positional_embeddings", true);
        assertThatThrownBy(() -> parse(map))
                .isInstanceOf(ConfigException.class)
                .hasMessage(
                        "use_learned_positional_embeddings needs use_rotary_positional_embeddings");
        map.put("depth", 3);
        assertThatThrownBy(() -> parse(map)).isInstanceOf(ConfigException.class);
        assertThatThrownBy(() -> tiny(Positions.SIN_COS, 8))
                .hasMessage(
                        "added positions need a width divisible by 16 and no patch_size_t; the width"
                                + " is 32");
        assertThatThrownBy(() -> CogVideoXPresets.of("CogVideoX-1B"))
                .hasMessageStartingWith("no preset CogVideoX-1B; there are CogVideoX-2B");
    }

    private static CogVideoXConfig parse(Map<String, Object> map) {
        return CogVideoXConfigs.parse(JsonFile.mapper().valueToTree(map), "config.json");
    }

    private static void randomise(CogVideoX dit, Rng rng) {
        Ops.noGrad(() -> {
            dit.parameters().trained().values().forEach(p -> rng.fillNormal(p, 0, 0.2));
            return 0;
        });
    }
}
