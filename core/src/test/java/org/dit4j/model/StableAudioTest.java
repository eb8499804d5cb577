package org.dit4j.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.JsonFile;
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

class StableAudioTest {
    private static final StableAudio.Config TINY =
            new StableAudio.Config(6, 3, 4, 8, 4, 2, 2, 5, 7, 9, 10);

    /// Published: 1.057 billion parameters (arXiv:2407.14358, section 3.2).
    @Test
    void theOpenModelHasItsPublishedParameters() {
        StableAudio.Config c = StableAudioPresets.of("Stable-Audio-Open-1.0");
        try (var network = new StableAudio(ParameterSource.counting(), c)) {
            assertThat(network.parameters().count()).isEqualTo(count(c));
            assertThat(count(c) / 1e9).isCloseTo(1.057, within(0.001));
        }
        try (var conditions =
                new StableAudioConditions(
                        ParameterSource.counting(), StableAudioPresets.conditions())) {
            assertThat(conditions.parameters().count()).isEqualTo(2 * (128 + 257 * 768 + 768));
        }
    }

    /// The layers of `stable_audio_transformer.py`, counted by formulas.
    private static long count(StableAudio.Config c) {
        long d = (long) c.numHeads() * c.headWidth();
        long kv = (long) c.numKvHeads() * c.headWidth();
        long e = c.crossWidth();
        long self = 4 * d * d;
        long cross = 2 * d * d + 2 * e * kv;
        long mlp = d * 8 * d + 8 * d + 4 * d * d + d;
        long time = c.timeWidth() / 2 + c.timeWidth() * d + d + d * d + d;
        long given = c.globalWidth() * d + d * d + c.textWidth() * e + e * e;
        long in = (long) c.inChannels() * c.inChannels() + c.inChannels() * d;
        long out = (long) c.outChannels() * c.outChannels() + c.outChannels() * d;
        return c.depth() * (self + cross + mlp + 6 * d) + time + given + in + out;
    }

    @Test
    void freshBlocksHandOnWhatTheyGet() {
        try (var scope = TensorScope.open();
                var rng = Rng.seeded(1);
                var dit = StableAudio.initialise(TINY, rng)) {
            var h = embed(dit, rng, 6);
            assertThat(Ops.maxAbsDifference(dit.block(1, h.x(), h), h.x())).isZero();
            assertThat(Shapes.of(dit.head(h.x()))).containsExactly(2, 4, 6);
        }
    }

    private static StableAudio.Hidden embed(StableAudio dit, Rng rng, long frames) {
        return Ops.noGrad(() ->
                dit.embed(
                        rng.normal(2, 3, frames),
                        Tensors.full(0.3, Dtype.FLOAT32, 2),
                        rng.normal(2, 4, 5),
                        rng.normal(2, 1, 9)));
    }

    /// The gradient along a random direction against central differences, in float64.
    @Test
    void gradientsAgreeWithDifferences() {
        try (var scope = TensorScope.open();
                var rng = Rng.seeded(3);
                var dit = new StableAudio(ParameterSource.initialising(rng, Dtype.FLOAT64), TINY)) {
            randomise(dit, rng);
            Tensor x = Ops.to(rng.normal(2, 3, 5), Dtype.FLOAT64);
            Tensor text = Ops.to(rng.normal(2, 4, 5), Dtype.FLOAT64);
            Tensor times = Ops.to(rng.normal(2, 1, 9), Dtype.FLOAT64);
            NetworkChecks.gradientsAgree(
                    dit.parameters().trained(), rng, () -> loss(dit, x, text, times));
        }
    }

    private static Tensor loss(StableAudio dit, Tensor x, Tensor text, Tensor times) {
        Tensor t = Tensors.of(new double[] {0.3, 0.8}, 2);
        return Ops.pow(dit.forward(x, t, text, times), 2).mean();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void forwardLeaksNothing(boolean gradients) {
        try (var rng = Rng.seeded(5);
                var dit = StableAudio.initialise(TINY, rng)) {
            NetworkChecks.leavesNothing(() -> {
                Tensor x = rng.normal(2, 3, 5);
                Tensor text = rng.normal(2, 4, 5);
                Tensor times = rng.normal(2, 1, 9);
                Ops.gradMode(gradients, () -> loss(dit, x, text, times));
            });
        }
    }

    @Test
    void secondsOutsideTheRangeCountAsItsEnds() {
        try (var scope = TensorScope.open();
                var rng = Rng.seeded(2);
                var conditions =
                        new StableAudioConditions(
                                ParameterSource.initialising(rng),
                                new StableAudioConditions.Config(5, 8, 2, 30))) {
            Tensor seconds = Tensors.of(new float[] {-1, 2, 30, 47}, 4);
            Tensor states = Ops.noGrad(() -> conditions.end(seconds)); // [4, 1, 8]
            assertThat(Shapes.of(states)).containsExactly(4, 1, 8);
            assertThat(difference(states, 0, 1)).isZero();
            assertThat(difference(states, 2, 3)).isZero();
            assertThat(difference(states, 1, 2)).isGreaterThan(1e-3);
            assertThat(Shapes.of(conditions.text(rng.normal(1, 3, 5)))).containsExactly(1, 3, 8);
        }
    }

    private static double difference(Tensor x, int i, int j) {
        return Ops.maxAbsDifference(x.select(0, i), x.select(0, j));
    }

    @Test
    void theFilesOfDiffusersAreReadWithTheirDefaults() {
        StableAudio.Config open = StableAudioPresets.of("Stable-Audio-Open-1.0");
        assertThat(parse(Map.of("_class_name", "StableAudioDiTModel"))).isEqualTo(open);
        assertThat(parse(Map.of("_class_name", "StableAudioDiTModel", "sample_size", 1024.0)))
                .isEqualTo(open);
        assertThat(parse(StableAudioConfigs.json(TINY))).isEqualTo(TINY);
        var conditions = StableAudioPresets.conditions();
        var json = JsonFile.mapper().valueToTree(StableAudioConditions.json(conditions));
        assertThat(StableAudioConditions.parse(json, "config.json")).isEqualTo(conditions);
        assertThatThrownBy(() -> parse(Map.of("_class_name", "DiT")))
                .isInstanceOf(ConfigException.class)
                .hasMessage("config.json: _class_name must be StableAudioDiTModel but is DiT");
        assertThatThrownBy(() ->
                        parse(Map.of("_class_name", "StableAudioDiTModel", "sample_size", 1.5)))
                .hasMessage("config.json: sample_size must be a whole number but is 1.5");
    }

    private static StableAudio.Config parse(Map<String, Object> map) {
        return StableAudioConfigs.parse(JsonFile.mapper().valueToTree(map), "config.json");
    }

    @Test
    void wrongShapesAndConfigsAreOneClearLine() {
        try (var scope = TensorScope.open();
                var rng = Rng.seeded(1);
                var dit = StableAudio.initialise(TINY, rng)) {
            Tensor t = Tensors.full(0.3, Dtype.FLOAT32, 2);
            assertThatThrownBy(() ->
                            dit.forward(
                                    rng.normal(2, 3, 6),
                                    t,
                                    rng.normal(2, 4, 5),
                                    rng.normal(2, 2, 9)))
                    .isInstanceOf(ShapeException.class)
                    .hasMessageContaining("times");
        }
        assertThatThrownBy(() -> new StableAudio.Config(6, 3, 4, 8, 4, 3, 2, 5, 7, 9, 10))
                .hasMessage(
                        "num_attention_heads 4 must be divisible by num_key_value_attention_heads 3");
        assertThatThrownBy(() -> StableAudioPresets.of("X"))
                .hasMessage("no preset X; there are Stable-Audio-Open-1.0");
    }

    private static void randomise(StableAudio dit, Rng rng) {
        Ops.noGrad(() -> {
            dit.parameters().trained().values().forEach(p -> rng.fillNormal(p, 0, 0.2));
            return 0;
        });
    }
}
