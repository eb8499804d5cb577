package org.dit4j.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.nn.ParameterSource;
import org.dit4j.nn.VideoPatch;
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

class WanTest {
    private static final int TEXT = 10;
    private static final int IMAGE = 6;

    /// @param positions of the image
    private static Wan.Config tiny(int image, int positions) {
        return new Wan.Config(
                new VideoPatch(2, 1, 2),
                3,
                4,
                24,
                2,
                2,
                32,
                16,
                TEXT,
                image,
                positions,
                5,
                true,
                1e-6);
    }

    /// The sizes of the published `transformer` folders.
    @ParameterizedTest
    @CsvSource({
        "Wan2.1-T2V-1.3B, 1.42",
        "Wan2.1-T2V-14B, 14.29",
        "Wan2.1-I2V-14B, 16.4",
    })
    void presetsHaveTheParametersOfTheirLayers(String name, double billions) {
        Wan.Config c = WanPresets.of(name);
        try (var network = new Wan(ParameterSource.counting(), c)) {
            assertThat(network.parameters().count()).isEqualTo(count(c));
            assertThat(count(c) / 1e9).isCloseTo(billions, within(0.01));
        }
    }

    /// The layers of `wan/modules/model.py`, counted by formulas.
    private static long count(Wan.Config c) {
        long d = c.hiddenSize();
        long attention = 4 * linear(d, d) + 2 * d;
        long image = c.imageWidth() > 0 ? 2 * linear(d, d) + d : 0;
        long mlp = linear(d, c.ffnWidth()) + linear(c.ffnWidth(), d);
        long block = 2 * attention + image + mlp + 2 * d + 6 * d;
        long time = linear(c.frequencies(), d) + linear(d, d) + linear(d, 6 * d);
        long text = linear(c.textWidth(), d) + linear(d, d);
        long ends = linear(4L * c.inChannels(), d) + linear(d, 4L * c.outChannels()) + 2 * d;
        long i = c.imageWidth();
        long given = i > 0 ? linear(i, i) + linear(i, d) + 2 * i + 2 * d : 0;
        return c.depth() * block + time + text + ends + given;
    }

    private static long linear(long in, long out) {
        return in * out + out;
    }

    @Test
    void startsAtZero() {
        try (var scope = TensorScope.open();
                var rng = Rng.seeded(1);
                var dit = Wan.initialise(tiny(0, 0), rng)) {
            Tensor out = predict(dit, rng.normal(2, 3, 4, 3, 6), rng.normal(2, 3, TEXT), null);
            assertThat(Shapes.of(out)).containsExactly(2, 4, 4, 3, 6);
            assertThat(Tensors.floats(out)).containsOnly(0f);
        }
    }

    /// The gradient along a random direction against central differences, in float64.
    @Test
    void gradientsAgreeWithDifferences() {
        try (var scope = TensorScope.open();
                var rng = Rng.seeded(3);
                var dit =
                        new Wan(ParameterSource.initialising(rng, Dtype.FLOAT64), tiny(IMAGE, 4))) {
            randomise(dit, rng);
            Tensor x = Ops.to(rng.normal(2, 3, 4, 2, 4), Dtype.FLOAT64);
            Tensor text = Ops.to(rng.normal(2, 3, TEXT), Dtype.FLOAT64);
            Tensor image = Ops.to(rng.normal(4, 2, IMAGE), Dtype.FLOAT64);
            // softmax does not feel what all keys share
            NetworkChecks.gradientsAgree(
                    dit.parameters().trained(),
                    rng,
                    () -> loss(dit, x, text, image),
                    name -> name.endsWith("cross_attn.k.bias"));
        }
    }

    private static Tensor loss(Wan dit, Tensor x, Tensor text, @Nullable Tensor image) {
        Tensor t = Tensors.of(new double[] {300, 800}, 2);
        return Ops.pow(dit.forward(x, t, text, image), 2).mean();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void passesLeaveNothingBehind(boolean gradients) {
        try (var rng = Rng.seeded(1);
                var dit = trained(tiny(IMAGE, 0), rng)) {
            NetworkChecks.leavesNothing(() -> {
                Tensor x = rng.normal(2, 3, 4, 2, 4);
                Tensor text = rng.normal(2, 3, TEXT);
                Tensor image = rng.normal(2, 5, IMAGE);
                Ops.gradMode(gradients, () -> loss(dit, x, text, image));
            });
        }
    }

    @Test
    void everyTokenMayHaveATimeOfItsOwn() {
        try (var scope = TensorScope.open();
                var rng = Rng.seeded(2);
                var dit = trained(tiny(0, 0), rng)) {
            Tensor x = rng.normal(1, 3, 4, 2, 4); // 2 x 2 x 2 patches
            Tensor text = rng.normal(1, 3, TEXT);
            Tensor one = Ops.noGrad(() -> dit.forward(x, full(1), text, null));
            Tensor same = Ops.noGrad(() -> dit.forward(x, full(1, 8), text, null));
            assertThat(Ops.maxAbsDifference(one, same)).isLessThan(2e-6);
            Tensor times = Ops.cat(1, full(1, 4), Tensors.zeros(Dtype.FLOAT32, 1, 4));
            Tensor other = Ops.noGrad(() -> dit.forward(x, times, text, null));
            assertThat(Ops.maxAbsDifference(one, other)).isGreaterThan(1e-4);
        }
    }

    private static Tensor full(long... shape) {
        return Tensors.full(300, Dtype.FLOAT32, shape);
    }

    @Test
    void theFilesOfBothCodesAreReadWithTheirDefaults() {
        Map<String, Object> original = new LinkedHashMap<>();
        original.put("_class_name", "WanModel");
        original.put("_diffusers_version", "0.30.0");
        original.put("dim", 1536);
        original.put("eps", 1e-6);
        original.put("ffn_dim", 8960);
        original.put("freq_dim", 256);
        original.put("in_dim", 16);
        original.put("model_type", "t2v");
        original.put("num_heads", 12);
        original.put("num_layers", 30);
        original.put("out_dim", 16);
        original.put("text_len", 512);
        assertThat(parse(original)).isEqualTo(WanPresets.of("Wan2.1-T2V-1.3B"));
        assertThat(parse(Map.of("_class_name", "WanTransformer3DModel")))
                .isEqualTo(WanPresets.of("Wan2.1-T2V-14B"));
        for (String name : WanPresets.names()) {
            Wan.Config c = WanPresets.of(name);
            assertThat(parse(WanConfigs.json(c))).isEqualTo(c);
        }
        original.put("window", 3);
        assertThatThrownBy(() -> parse(original))
                .isInstanceOf(ConfigException.class)
                .hasMessageStartingWith("config.json: unknown key \"window\"; known keys: ");
        original.remove("window");
        original.remove("dim");
        assertThatThrownBy(() -> parse(original))
                .hasMessage("config.json: the key \"dim\" is missing");
    }

    private static Wan.Config parse(Map<String, Object> map) {
        return WanConfigs.parse(JsonFile.mapper().valueToTree(map), "config.json");
    }

    @Test
    void wrongShapesAndConfigsAreOneClearLine() {
        try (var scope = TensorScope.open();
                var rng = Rng.seeded(1);
                var dit = Wan.initialise(tiny(0, 0), rng)) {
            Tensor text = rng.normal(1, 3, TEXT);
            assertThatThrownBy(() -> predict(dit, rng.normal(1, 3, 3, 2, 4), text, null))
                    .isInstanceOf(ShapeException.class)
                    .hasMessage("a video of 3 x 2 x 4 does not divide into patches of 2 x 1 x 2");
            assertThatThrownBy(() -> predict(dit, rng.normal(1, 3, 2, 6, 4), text, null))
                    .hasMessage(
                            "a video of 1 x 6 x 2 patches has more than the 5 positions of an axis");
            assertThatThrownBy(() -> predict(dit, rng.normal(1, 3, 2, 2, 4), text, text))
                    .hasMessage("the network takes no states of an image");
        }
        assertThatThrownBy(() -> tiny(0, 4))
                .hasMessage(
                        "image_dim 0 must be positive where there are 4 positions of the image");
        assertThatThrownBy(() -> WanPresets.of("Wan3"))
                .hasMessageStartingWith("no preset Wan3; there are Wan2.1-T2V-1.3B");
    }

    private static Wan trained(Wan.Config config, Rng rng) {
        Wan dit = Wan.initialise(config, rng);
        randomise(dit, rng);
        return dit;
    }

    private static void randomise(Wan dit, Rng rng) {
        Ops.noGrad(() -> {
            dit.parameters().trained().values().forEach(p -> rng.fillNormal(p, 0, 0.2));
            return 0;
        });
    }

    private static Tensor predict(Wan dit, Tensor x, Tensor text, @Nullable Tensor image) {
        Tensor t = Tensors.full(300, Dtype.FLOAT32, x.size(0));
        return Ops.noGrad(() -> dit.forward(x, t, text, image));
    }
}
