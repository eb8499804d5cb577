package org.dit4j.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.checkpoint.StateDict;
import org.dit4j.model.LuminaDit.Conditioning;
import org.dit4j.model.LuminaDit.Generation;
import org.dit4j.nn.ParameterSource;
import org.dit4j.nn.RotaryScaling;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.TensorScope;
import org.junit.jupiter.api.Test;

class LuminaConfigsTest {
    private static LuminaDit.Config dit(Map<String, Object> map) {
        return LuminaDitConfigs.parse(JsonFile.mapper().valueToTree(map), "config.json");
    }

    private static Lumina2.Config lumina2(Map<String, Object> map) {
        return Lumina2Configs.parse(JsonFile.mapper().valueToTree(map), "config.json");
    }

    @Test
    void ownFilesComeBack() {
        for (String name : LuminaDitPresets.names()) {
            LuminaDit.Config c = LuminaDitPresets.of(name);
            assertThat(dit(LuminaDitConfigs.json(c))).isEqualTo(c);
        }
        for (String name : Lumina2Presets.names()) {
            Lumina2.Config c = Lumina2Presets.of(name);
            assertThat(lumina2(Lumina2Configs.json(c))).isEqualTo(c);
        }
    }

    @Test
    void absentArgumentsTakeTheDefaultsOfTheConstructor() {
        Map<String, Object> sizes =
                new HashMap<>(Map.of("dim", 1536, "n_layers", 16, "n_heads", 32));
        sizes.put("model", "Flag-DiT-ImageNet/DiT_Llama");
        sizes.put("input_size", 32);
        sizes.put("n_kv_heads", null);
        var layers = new LuminaLayers(16, 1536, 32, 32, 256, 1, 1e-5, false);
        assertThat(dit(sizes))
                .isEqualTo(
                        new LuminaDit.Config(
                                Generation.FLAG,
                                new Conditioning.Classes(1000, 0.1),
                                32,
                                2,
                                4,
                                layers,
                                true,
                                true,
                                RotaryScaling.NONE));
        assertThat(layers.hiddenWidth(8 * 1536 / 3)).isEqualTo(4096);
        sizes.put("model", "lumina_next_t2i/NextDiT");
        sizes.put("cap_feat_dim", 2048);
        sizes.put("scale_factor", 2.0);
        assertThat(dit(sizes).scaling()).isEqualTo(new RotaryScaling(1, 2));
        sizes.put("model", "lumina_t2i/DiT_Llama");
        assertThatThrownBy(() -> dit(sizes))
                .hasMessageStartingWith("config.json: unknown key \"scale_factor\"");
    }

    @Test
    void diffusersHasDefaultsForEverything() {
        LuminaDit.Config c = dit(Map.of("_class_name", "LuminaNextDiT2DModel"));
        assertThat(c.layers()).isEqualTo(new LuminaLayers(32, 2304, 32, 32, 256, 1, 1e-5, true));
        assertThat(c.conditioning()).isEqualTo(new Conditioning.Captions(2048, true));
        assertThat(c.dropSigma()).isFalse();
        Map<String, Object> map = new HashMap<>();
        map.put("_class_name", "Lumina2Transformer2DModel");
        map.put("cap_feat_dim", 2304);
        assertThat(lumina2(map)).isEqualTo(Lumina2Presets.of("Lumina2-2B/2"));
        map.put("num_kv_heads", null);
        assertThat(lumina2(map).layers().kvHeads()).isEqualTo(24);
    }

    @Test
    void unknownMissingAndWrongKeysAreOneClearLine() {
        Map<String, Object> more = LuminaDitConfigs.json(LuminaDitPresets.of("Next-DiT-2B/2"));
        more.put("dropout", 0.1);
        assertThatThrownBy(() -> dit(more))
                .isInstanceOf(ConfigException.class)
                .hasMessageStartingWith("config.json: unknown key \"dropout\"; known keys: ");
        for (String key : List.of("model", "input_size", "dim", "n_layers", "n_heads")) {
            Map<String, Object> less = LuminaDitConfigs.json(LuminaDitPresets.of("Next-DiT-2B/2"));
            less.remove(key);
            assertThatThrownBy(() -> dit(less))
                    .hasMessage("config.json: the key \"%s\" is missing".formatted(key));
        }
        assertThatThrownBy(() -> dit(Map.of("model", "Next-DiT-MoE/DiT_Llama")))
                .hasMessage(
                        "config.json: model Next-DiT-MoE/DiT_Llama is not a Flag-DiT or Next-DiT");
        assertThatThrownBy(() -> lumina2(Map.of("_class_name", "SD3Transformer2DModel")))
                .hasMessage(
                        "config.json: _class_name SD3Transformer2DModel is not a"
                                + " Lumina2Transformer2DModel");
    }

    /// The original code stores queries, keys and values together, and a norm that it never uses.
    @Test
    void theOriginalNamesOfLumina2AreRead() {
        var layers = new LuminaLayers(1, 24, 2, 1, 16, 1, 1e-5, true);
        var config =
                new Lumina2.Config(8, 2, 4, 4, layers, 1, 10, List.of(4, 4, 4), List.of(6, 7, 5));
        try (var scope = TensorScope.open();
                var rng = Rng.seeded(1);
                var network = Lumina2.initialise(config, rng)) {
            Map<String, Tensor> weights = new HashMap<>();
            network.parameters().all().forEach((name, w) -> weights.put(name, w.detach()));
            weights.put("norm_final.weight", rng.normal(24));
            StateDict dict = StateDict.of(weights, Map.of());
            assertThat(Lumina2Layouts.find(dict)).contains(Layout.ORIGINAL);
            StateDict own = Lumina2Layouts.toOriginal(dict, Layout.ORIGINAL);
            assertThat(own.names())
                    .containsExactlyInAnyOrderElementsOf(network.parameters().all().keySet())
                    .contains(
                            "layers.0.attention.qkv.weight",
                            "noise_refiner.0.attention.out.weight");
            assertThat(own.entry("layers.0.attention.qkv.weight").shape()).containsExactly(48, 24);
        }
    }

    /// diffusers' three projections become one, in the order queries, keys, values.
    @Test
    void projectionsOfDiffusersAreJoined() {
        try (var scope = TensorScope.open();
                var rng = Rng.seeded(1)) {
            Tensor q = rng.normal(24, 24);
            Tensor k = rng.normal(12, 24);
            Tensor v = rng.normal(12, 24);
            StateDict dict =
                    StateDict.of(
                            Map.of(
                                    "context_refiner.3.attn.to_q.weight", q,
                                    "context_refiner.3.attn.to_k.weight", k,
                                    "context_refiner.3.attn.to_v.weight", v,
                                    "context_refiner.3.norm1.weight", rng.normal(24)),
                            Map.of());
            StateDict own = Lumina2Layouts.toOriginal(dict, Layout.DIFFUSERS);
            assertThat(own.names())
                    .containsExactlyInAnyOrder(
                            "context_refiner.3.attention.qkv.weight",
                            "context_refiner.3.attention_norm1.weight");
            Tensor qkv = own.tensor("context_refiner.3.attention.qkv.weight");
            assertThat(Ops.maxAbsDifference(qkv, Ops.cat(0, q, k, v))).isZero();
        }
    }

    @Test
    void everySizeIsCountedWithoutMemory() {
        List<Long> counts = new ArrayList<>();
        for (String name : List.of("Flag-DiT-3B/2", "Flag-DiT-7B/2")) {
            try (var network =
                    new LuminaDit(ParameterSource.counting(), LuminaDitPresets.of(name))) {
                counts.add(network.parameters().count());
                assertThat(network.parameters().all().values())
                        .allSatisfy(w -> assertThat(w.is_meta()).isTrue());
            }
        }
        assertThat(counts).isSorted();
        assertThat(Arrays.asList(counts.getFirst(), counts.getLast())).doesNotHaveDuplicates();
    }
}
