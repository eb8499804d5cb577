package org.dit4j.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.checkpoint.StateDict;
import org.dit4j.nn.ParameterSource;
import org.dit4j.nn.Parameters;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.Shapes;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LatteTest {
    private static final Latte.Config TINY =
            new Latte.Config(
                    new Dit.Config(4, 2, 2, 8, 4, 2, 2, 0.1, 3, true, Dit.Variant.ORIGINAL), 3);
    private static final LatteText.Config TEXT =
            new LatteText.Config(4, 2, 2, 3, 8, 2, 2, 5, 3, false, true, 1e-5);

    /// "673.68M" for Latte-XL in the paper (table 3) is that of a network without classes and
    /// without the tables of positions.
    @Test
    void presetsHaveTheParametersOfTheirDit() {
        for (String name : LattePresets.names()) {
            try (var latte = new Latte(ParameterSource.counting(), LattePresets.of(name, 32));
                    var dit =
                            new Dit(
                                    ParameterSource.counting(),
                                    DitPresets.of(name.replace("Latte", "DiT"), 32))) {
                assertThat(latte.parameters().count()).isEqualTo(dit.parameters().count());
            }
        }
        try (var latte = new Latte(ParameterSource.counting(), LattePresets.of("Latte-XL/2", 32))) {
            assertThat((latte.parameters().count() - 1001 * 1152) / 1e6)
                    .isCloseTo(673.68, within(0.01));
        }
    }

    /// The layers of `latte_transformer_3d.py`, counted by formulas.
    @Test
    void theTextNetworkHasTheParametersOfItsLayers() {
        LatteText.Config c = LattePresets.text();
        long d = c.hiddenSize();
        long attention = 4 * linear(d, d);
        long mlp = linear(d, 4 * d) + linear(4 * d, d);
        long blocks = c.depth() * (3 * attention + 2 * mlp + 12 * d);
        long time = linear(256, d) + linear(d, d) + linear(d, 6 * d);
        long ends = linear(16, d) + linear(d, 32) + 2 * d;
        long text = linear(4096, d) + linear(d, d);
        try (var network = new LatteText(ParameterSource.counting(), c)) {
            assertThat(network.parameters().count()).isEqualTo(blocks + time + ends + text);
        }
    }

    private static long linear(long in, long out) {
        return in * out + out;
    }

    @Test
    void theTableOfFramesIsThatOfTheReference() {
        Path folder = Path.of("../conformance/cases/models/latte/class-original");
        try (var scope = TensorScope.open();
                var rng = Rng.seeded(1);
                var tables = StateDict.open(folder.resolve("tables.safetensors"));
                var dit = Latte.initialise(LatteConfigs.read(folder.resolve("config.json")), rng)) {
            Tensor computed = dit.parameters().all().get("temp_embed");
            Tensor stored = tables.tensor("temp_embed");
            assertThat(Shapes.of(computed)).isEqualTo(Shapes.of(stored));
            assertThat(Ops.maxAbsDifference(computed, stored)).isLessThan(1e-6);
        }
    }

    /// The gradient along a random direction against central differences, in float64.
    @Test
    void gradientsAgreeWithDifferences() {
        try (var scope = TensorScope.open();
                var rng = Rng.seeded(3);
                var dit = new Latte(ParameterSource.initialising(rng, Dtype.FLOAT64), TINY)) {
            randomise(dit.parameters(), rng);
            Tensor x = Ops.to(rng.normal(2, 3, 2, 4, 4), Dtype.FLOAT64);
            NetworkChecks.gradientsAgree(dit.parameters().trained(), rng, () -> loss(dit, x));
        }
    }

    @Test
    void gradientsOfTheTextNetworkAgreeWithDifferences() {
        try (var scope = TensorScope.open();
                var rng = Rng.seeded(3);
                var dit = new LatteText(ParameterSource.initialising(rng, Dtype.FLOAT64), TEXT)) {
            randomise(dit.parameters(), rng);
            Tensor x = Ops.to(rng.normal(2, 2, 3, 4, 4), Dtype.FLOAT64);
            Tensor text = Ops.to(rng.normal(2, 4, 5), Dtype.FLOAT64);
            NetworkChecks.gradientsAgree(dit.parameters().trained(), rng, () -> loss(dit, x, text));
        }
    }

    private static Tensor loss(Latte dit, Tensor x) {
        Tensor t = Tensors.of(new double[] {300, 800}, 2);
        return Ops.pow(dit.forward(x, t, Tensors.of(new long[] {1, 3}, 2)), 2).mean();
    }

    private static Tensor loss(LatteText dit, Tensor x, Tensor text) {
        Tensor t = Tensors.of(new double[] {300, 800}, 2);
        return Ops.pow(dit.forward(x, t, text, null, true), 2).mean();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void passesLeaveNothingBehind(boolean gradients) {
        try (var rng = Rng.seeded(1);
                var dit = Latte.initialise(TINY, rng);
                var textual = LatteText.initialise(TEXT, rng)) {
            NetworkChecks.leavesNothing(() -> {
                Tensor x = rng.normal(2, 3, 2, 4, 4);
                Tensor text = rng.normal(2, 4, 5);
                Ops.gradMode(gradients, () -> loss(dit, x));
                Ops.gradMode(gradients, () -> loss(textual, x.transpose(1, 2), text));
            });
        }
    }

    @Test
    void paddingOfTheTextDoesNotCount() {
        try (var scope = TensorScope.open();
                var rng = Rng.seeded(2);
                var dit = LatteText.initialise(TEXT, rng)) {
            randomise(dit.parameters(), rng);
            Tensor x = rng.normal(1, 2, 3, 4, 6);
            Tensor text = rng.normal(1, 4, 5);
            Tensor mask = Tensors.of(new long[] {1, 1, 1, 0}, 1, 4);
            Tensor t = Tensors.full(300, Dtype.FLOAT32, 1);
            Tensor alone = Ops.noGrad(() -> dit.forward(x, t, text.narrow(1, 0, 3), null, true));
            Tensor masked = Ops.noGrad(() -> dit.forward(x, t, text, mask, true));
            assertThat(Shapes.of(alone)).containsExactly(1, 3, 3, 4, 6);
            assertThat(Ops.maxAbsDifference(alone, masked)).isLessThan(2e-6);
            Tensor whole = Ops.noGrad(() -> dit.forward(x, t, text, null, true));
            assertThat(Ops.maxAbsDifference(alone, whole)).isGreaterThan(1e-4);
        }
    }

    @Test
    void theFilesAreReadAndWrongOnesAreOneClearLine() {
        Latte.Config xl = LattePresets.of("Latte-XL/2", 32);
        assertThat(latte(Map.of("model", "Latte-XL/2", "extras", 2))).isEqualTo(xl);
        assertThat(latte(LatteConfigs.json(xl))).isEqualTo(xl);
        assertThatThrownBy(() -> latte(Map.of("model", "Latte-XL/2", "extras", 78)))
                .isInstanceOf(ConfigException.class)
                .hasMessage("config.json: extras must be 2 but is 78");
        assertThatThrownBy(() -> latte(Map.of("model", "Latte-XL/2", "extras", 2, "x", 1)))
                .hasMessageStartingWith("config.json: unknown key \"x\"; known keys: ");
        Map<String, Object> text = LatteTextConfigs.json(LattePresets.text());
        assertThat(text(text)).isEqualTo(LattePresets.text());
        text.put("norm_type", "layer_norm");
        assertThatThrownBy(() -> text(text))
                .hasMessage("config.json: norm_type must be ada_norm_single but is layer_norm");
    }

    private static Latte.Config latte(Map<String, Object> map) {
        return LatteConfigs.parse(JsonFile.mapper().valueToTree(map), "config.json");
    }

    private static LatteText.Config text(Map<String, Object> map) {
        return LatteTextConfigs.parse(JsonFile.mapper().valueToTree(map), "config.json");
    }

    @Test
    void wrongShapesAreOneClearLine() {
        try (var scope = TensorScope.open();
                var rng = Rng.seeded(1);
                var dit = Latte.initialise(TINY, rng);
                var textual = LatteText.initialise(TEXT, rng)) {
            assertThatThrownBy(() -> loss(dit, rng.normal(2, 4, 2, 4, 4)))
                    .hasMessage("x must have shape [*, 3, 2, *, *] but has [2, 4, 2, 4, 4]");
            Tensor text = rng.normal(2, 4, 5);
            assertThatThrownBy(() -> loss(textual, rng.normal(2, 2, 2, 4, 4), text))
                    .hasMessage("a video must have 3 frames or one but has 2");
        }
    }

    private static void randomise(Parameters parameters, Rng rng) {
        Ops.noGrad(() -> {
            parameters.trained().values().forEach(p -> rng.fillNormal(p, 0, 0.3));
            return 0;
        });
    }
}
