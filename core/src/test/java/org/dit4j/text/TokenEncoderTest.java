package org.dit4j.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.CheckpointException;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.checkpoint.Safetensors;
import org.dit4j.nn.ParameterSource;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.ShapeException;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenEncoderTest {
    private static Map<String, Object> qwen2() {
        var map = new LinkedHashMap<String, Object>();
        map.put("model_type", "qwen2");
        map.put("vocab_size", 50);
        map.put("hidden_size", 32);
        map.put("intermediate_size", 40);
        map.put("num_hidden_layers", 2);
        map.put("num_attention_heads", 4);
        map.put("num_key_value_heads", 2);
        return map;
    }

    private static Map<String, Object> clip() {
        var map = new LinkedHashMap<String, Object>();
        map.put("model_type", "clip_text_model");
        map.put("vocab_size", 50);
        map.put("max_position_embeddings", 8);
        map.put("hidden_size", 16);
        map.put("intermediate_size", 24);
        map.put("num_hidden_layers", 2);
        map.put("num_attention_heads", 2);
        map.put("projection_dim", 12);
        map.put("eos_token_id", 49);
        return map;
    }

    private static TokenEncoder.Config config(Map<String, Object> map) {
        return TextConfigs.parse(JsonFile.mapper().valueToTree(map), "test");
    }

    private static TokenEncoder fresh(Map<String, Object> map) {
        try (Rng rng = Rng.seeded(1)) {
            return config(map).network(ParameterSource.initialising(rng));
        }
    }

    private static Tensor ones(Tensor ids) {
        return Tensors.full(1, Dtype.INT64, ids.size(0), ids.size(1));
    }

    /// Table of words, position table, per block 4 projections and 2 MLP layers with biases and 2
    /// norms, last norm, projection.
    @Test
    void clipHasTheParametersOfItsPaper() {
        ParameterSource source = ParameterSource.counting();
        var _ = config(clip()).network(source);
        long block = 4 * (16 * 16 + 16) + (16 * 24 + 24) + (24 * 16 + 16) + 4 * 16;
        assertThat(source.parameters().count())
                .isEqualTo(50 * 16 + 8 * 16 + 2 * block + 2 * 16 + 12 * 16);
        source.parameters().close();
    }

    @Test
    void laterTokensAndPaddingChangeNothingOfCausalStates() {
        try (var _ = TensorScope.open();
                TokenEncoder qwen = fresh(qwen2())) {
            Tensor ids = Tensors.of(new long[] {3, 1, 4, 1, 5}, 1, 5);
            Tensor other = Tensors.of(new long[] {3, 1, 4, 7, 7}, 1, 5);
            Tensor mask = Tensors.of(new long[] {1, 1, 1, 0, 0}, 1, 5);
            Tensor all = qwen.encode(ids, ones(ids)).last().narrow(1, 0, 3);
            Tensor masked = qwen.encode(other, mask).last().narrow(1, 0, 3);
            assertThat(Ops.maxAbsDifference(all, masked)).isLessThan(1e-6);
            assertThat(Ops.maxAbsDifference(all.select(1, 0), all.select(1, 2))).isGreaterThan(0.1);
        }
    }

    @Test
    void clipPoolsTheFirstEndMark() {
        try (var _ = TensorScope.open();
                TokenEncoder clip = fresh(clip())) {
            Tensor ids = Tensors.of(new long[] {48, 5, 49, 49, 48, 49, 7, 7}, 2, 4);
            EncodedTokens states = clip.encode(ids, ones(ids), Set.of(0, 2));
            Tensor pooled = states.pooled().orElseThrow();
            assertThat(
                            Ops.maxAbsDifference(
                                    pooled.select(0, 0), states.last().select(0, 0).select(0, 2)))
                    .isZero();
            assertThat(
                            Ops.maxAbsDifference(
                                    pooled.select(0, 1), states.last().select(0, 1).select(0, 1)))
                    .isZero();
            assertThat(states.projected().orElseThrow().size(1)).isEqualTo(12);
            assertThat(states.layers().keySet()).containsExactlyInAnyOrder(0, 2);
            assertThatThrownBy(() -> states.layer(1)).hasMessage("layer 1 was not asked for");
        }
    }

    @Test
    void saysWhatIsWrongWithTheInput() {
        try (var _ = TensorScope.open();
                TokenEncoder clip = fresh(clip())) {
            Tensor long9 = Tensors.zeros(Dtype.INT64, 1, 9);
            assertThatThrownBy(() -> clip.encode(long9, ones(long9)))
                    .isInstanceOf(ShapeException.class)
                    .hasMessage("the network has 8 positions but the texts have 9 tokens");
            Tensor outside = Tensors.of(new long[] {50}, 1, 1);
            assertThatThrownBy(() -> clip.encode(outside, ones(outside)))
                    .hasMessage("token 50 is outside the vocabulary of 50");
            Tensor ids = Tensors.zeros(Dtype.INT64, 1, 2);
            assertThatThrownBy(() -> clip.encode(ids, ones(ids), Set.of(3)))
                    .hasMessage("a layer must be in [0, 2] but is 3");
        }
    }

    @Test
    void leavesNothingInNativeMemory() {
        try (TokenEncoder qwen = fresh(qwen2());
                var _ = TensorScope.open()) {
            Tensor ids = Tensors.zeros(Dtype.INT64, 2, 6);
            Tensor mask = ones(ids);
            encode(qwen, ids, mask);
            long before = Pointer.totalCount();
            encode(qwen, ids, mask);
            assertThat(Pointer.totalCount()).isEqualTo(before);
        }
    }

    private static void encode(TokenEncoder encoder, Tensor ids, Tensor mask) {
        try (var _ = TensorScope.open()) {
            var _ = encoder.encode(ids, mask, Set.of(0, 1, 2));
        }
    }

    @Test
    void readsFoldersWithPrefixesAndHeadsAndInBfloat16(@TempDir Path folder) {
        Map<String, Object> map = qwen2();
        JsonFile.write(folder.resolve("config.json"), map);
        Rng rng = Rng.seeded(2);
        ParameterSource source = ParameterSource.initialising(rng);
        try (rng;
                var _ = TensorScope.open();
                TokenEncoder made = config(map).network(source)) {
            var tensors = new LinkedHashMap<String, Tensor>();
            source.parameters()
                    .all()
                    .forEach((name, x) -> tensors.put("model." + name, x.detach()));
            tensors.put("lm_head.weight", Tensors.zeros(Dtype.FLOAT32, 50, 32));
            Safetensors.write(folder.resolve("model.safetensors"), tensors, Map.of());
            Tensor ids = Tensors.of(new long[] {3, 1, 4, 1, 5}, 1, 5);
            Tensor wanted = made.encode(ids, ones(ids)).last();
            try (TokenEncoder read = TextCheckpoint.open(folder).load(LoadOptions.inference())) {
                assertThat(Ops.maxAbsDifference(wanted, read.encode(ids, ones(ids)).last()))
                        .isZero();
            }
            LoadOptions half = LoadOptions.inference().withDtype(Dtype.BFLOAT16);
            try (TokenEncoder read = TextCheckpoint.open(folder).load(half)) {
                Tensor last = read.encode(ids, ones(ids)).last();
                assertThat(Dtype.of(last)).isEqualTo(Dtype.BFLOAT16);
                assertThat(Ops.maxAbsDifference(wanted, last)).isBetween(1e-4, 0.1);
            }
        }
        map.put("num_hidden_layers", 1);
        JsonFile.write(folder.resolve("config.json"), map);
        assertThatThrownBy(() -> TextCheckpoint.open(folder).load(LoadOptions.inference()))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("12 unexpected: layers.1.");
    }

    @Test
    void configurationsAreReadStrictly() {
        Map<String, Object> unknown = qwen2();
        unknown.put("qk_norm", true);
        assertThatThrownBy(() -> config(unknown))
                .isInstanceOf(ConfigException.class)
                .hasMessageStartingWith("test: unknown key \"qk_norm\"");
        Map<String, Object> missing = clip();
        missing.remove("hidden_size");
        assertThatThrownBy(() -> config(missing))
                .hasMessage("test: the key \"hidden_size\" is missing");
        Map<String, Object> other = clip();
        other.put("model_type", "blip");
        assertThatThrownBy(() -> config(other)).hasMessageEndingWith("but is blip");
        Map<String, Object> yarn = qwen2();
        yarn.put("rope_scaling", Map.of("rope_type", "yarn"));
        assertThatThrownBy(() -> config(yarn))
                .hasMessage("rope_scaling: rope_type must be default or llama3 but is yarn");
    }

    @Test
    void absentOptionsTakeTheDefaultsOfTransformers() {
        var c = (CausalTransformer.Config) config(qwen2());
        assertThat(c.attention().rotary()).isEqualTo(RotaryFrequencies.plain(10000));
        assertThat(c.attention().headWidth()).isEqualTo(8);
        assertThat(c.eps()).isEqualTo(1e-6);
        assertThat(c.windows()).containsExactly(0, 0);
        Map<String, Object> gemma = qwen2();
        gemma.put("model_type", "gemma2");
        var g = (CausalTransformer.Config) config(gemma);
        assertThat(g.attention().cap()).isEqualTo(50);
        assertThat(g.attention().scale()).isEqualTo(1 / 16.0);
        assertThat(g.windows()).containsExactly(4096, 0);
        gemma.put("attn_logit_softcapping", null);
        assertThat(((CausalTransformer.Config) config(gemma)).attention().cap()).isZero();
    }

    /// With 32 buckets up to 128: 8 single distances, then 8 buckets of equal ratio 16^(1/8).
    @Test
    void distancesFallIntoTheirBuckets() {
        try (var _ = TensorScope.open()) {
            var buckets = new DistanceBuckets(32, 128);
            long[] b = Tensors.longs(buckets.between(Tensors.zeros(Dtype.INT64, 1, 200)));
            long[] ahead = new long[200];
            for (int d = 0; d < 200; d++) {
                ahead[d] = b[d]; // the first token's view
            }
            assertThat(ahead[0]).isZero();
            assertThat(ahead[7]).isEqualTo(16 + 7);
            assertThat(ahead[8]).isEqualTo(16 + 8);
            assertThat(ahead[11]).isEqualTo(16 + 8);
            assertThat(ahead[12]).isEqualTo(16 + 9);
            assertThat(ahead[127]).isEqualTo(16 + 15);
            assertThat(ahead[199]).isEqualTo(16 + 15);
            assertThat(b[199 * 200]).isEqualTo(15);
            assertThat(b[5 * 200 + 2]).isEqualTo(3);
        }
    }

    /// Llama 3.1: turns shorter than 8192 / 4 tokens stay, longer than 8192 are 8 times slower.
    @Test
    void slowRotationsAreSlowedDown() {
        var plain = RotaryFrequencies.plain(500000);
        var scaled = new RotaryFrequencies(500000, 8, 1, 4, 8192);
        assertThat(scaled.frequency(0, 128)).isEqualTo(1f);
        assertThat(scaled.frequency(63, 128)).isEqualTo(plain.frequency(63, 128) / 8);
        double f = Math.pow(500000, -32 / 64.0);
        double blend = (8192 * f / (2 * Math.PI) - 1) / 3;
        assertThat((double) scaled.frequency(32, 128))
                .isCloseTo(
                        f * (blend + (1 - blend) / 8), org.assertj.core.data.Offset.offset(1e-9));
    }
}
