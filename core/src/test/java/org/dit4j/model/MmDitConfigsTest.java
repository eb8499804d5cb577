package org.dit4j.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.checkpoint.Safetensors;
import org.dit4j.checkpoint.StateDict;
import org.dit4j.model.MmDit.HeadNorm;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class MmDitConfigsTest {
    @TempDir Path folder;

    private static Map<String, Object> diffusers() {
        var map = new LinkedHashMap<String, Object>();
        map.put("_class_name", "SD3Transformer2DModel");
        map.put("_diffusers_version", "0.32.0");
        map.put("attention_head_dim", 64);
        map.put("caption_projection_dim", 1536);
        map.put("dual_attention_layers", IntStream.range(0, 13).boxed().toList());
        map.put("in_channels", 16);
        map.put("joint_attention_dim", 4096);
        map.put("num_attention_heads", 24);
        map.put("num_layers", 24);
        map.put("out_channels", 16);
        map.put("patch_size", 2);
        map.put("pooled_projection_dim", 2048);
        map.put("pos_embed_max_size", 384);
        map.put("qk_norm", "rms_norm");
        map.put("sample_size", 128);
        return map;
    }

    private static MmDit.Config parse(Map<String, Object> map) {
        return MmDitConfigs.parse(JsonFile.mapper().valueToTree(map), "config.json");
    }

    @Test
    void theFileOfAPublishedNetworkIsItsPreset() {
        assertThat(parse(diffusers())).isEqualTo(MmDitPresets.of("SD3.5-medium"));
        Map<String, Object> first = diffusers();
        first.remove("dual_attention_layers");
        first.remove("qk_norm");
        first.put("pos_embed_max_size", 192);
        assertThat(parse(first)).isEqualTo(MmDitPresets.of("SD3-medium"));
    }

    /// `transformer_sd3.py`, `SD3Transformer2DModel.__init__`.
    @Test
    void absentKeysHaveTheDefaultsOfTheConstructor() {
        assertThat(parse(Map.of("_class_name", "SD3Transformer2DModel")))
                .isEqualTo(
                        new MmDit.Config(
                                128,
                                2,
                                16,
                                16,
                                1152,
                                18,
                                18,
                                4096,
                                2048,
                                96,
                                HeadNorm.NONE,
                                Set.of()));
        Map<String, Object> same = diffusers();
        same.put("in_channels", 8);
        same.put("out_channels", null);
        assertThat(parse(same).outChannels()).isEqualTo(8);
        same.remove("out_channels");
        assertThat(parse(same).outChannels()).isEqualTo(16);
    }

    @Test
    void itsOwnFileComesBack() {
        for (String name : MmDitPresets.names()) {
            MmDit.Config c = MmDitPresets.of(name);
            assertThat(parse(MmDitConfigs.json(c))).isEqualTo(c);
        }
    }

    @Test
    void unknownMissingAndWrongKeysAreOneClearLine() {
        Map<String, Object> more = diffusers();
        more.put("dropout", 0.1);
        assertThatThrownBy(() -> parse(more))
                .isInstanceOf(ConfigException.class)
                .hasMessageStartingWith("config.json: unknown key \"dropout\"; known keys: ");
        Map<String, Object> own = MmDitConfigs.json(MmDitPresets.of("SD3-medium"));
        for (String key : own.keySet()) {
            var less = new LinkedHashMap<>(own);
            less.remove(key);
            assertThatThrownBy(() -> parse(less))
                    .hasMessage("config.json: the key \"%s\" is missing".formatted(key));
        }
        Map<String, Object> width = diffusers();
        width.put("caption_projection_dim", 1152);
        assertThatThrownBy(() -> parse(width))
                .hasMessage(
                        "caption_projection_dim 1152 must be num_attention_heads times"
                                + " attention_head_dim, 1536");
        Map<String, Object> norm = diffusers();
        norm.put("qk_norm", "l2");
        assertThatThrownBy(() -> parse(norm))
                .hasMessage(
                        "config.json: qk_norm must be one of [rms_norm, layer_norm,"
                                + " fp32_layer_norm] but is l2");
    }

    @ParameterizedTest
    @EnumSource
    void namesGoToDiffusersAndBackBitForBit(HeadNorm norm) {
        try (var scope = TensorScope.open();
                var rng = Rng.seeded(1)) {
            Map<String, Tensor> weights = weights(config(norm), rng);
            StateDict there = MmDitLayouts.toDiffusers(StateDict.of(weights, Map.of()));
            assertThat(MmDitLayouts.find(there)).contains(Layout.DIFFUSERS);
            assertThat(there.names())
                    .contains("transformer_blocks.1.attn2.to_out.0.bias", "pos_embed.pos_embed")
                    .noneMatch(name -> name.startsWith("joint_blocks"));
            String last = ".adaLN_modulation.1.weight";
            assertSwapped(weights.get("final_layer" + last), there, "norm_out.linear.weight");
            assertSwapped(
                    weights.get("joint_blocks.2.context_block" + last),
                    there,
                    "transformer_blocks.2.norm1_context.linear.weight");
            StateDict back = MmDitLayouts.fromDiffusers(there);
            assertThat(MmDitLayouts.find(back)).contains(Layout.ORIGINAL);
            assertThat(back.names()).containsExactlyInAnyOrderElementsOf(weights.keySet());
            weights.forEach((name, w) ->
                    assertThat(Ops.maxAbsDifference(back.tensor(name), w)).as(name).isZero());
        }
    }

    private static void assertSwapped(Tensor ours, StateDict there, String name) {
        Tensor theirs = there.tensor(name);
        assertThat(Ops.maxAbsDifference(theirs.narrow(0, 32, 32), ours.narrow(0, 0, 32))).isZero();
        assertThat(Ops.maxAbsDifference(theirs.narrow(0, 0, 32), ours.narrow(0, 32, 32))).isZero();
    }

    @Test
    void aSingleFileStandsForItself() {
        try (var scope = TensorScope.open();
                var rng = Rng.seeded(2)) {
            MmDit.Config config = config(HeadNorm.RMS);
            Map<String, Tensor> weights = weights(config, rng);
            var file = new LinkedHashMap<String, Tensor>();
            file.put("first_stage_model.decoder.conv_in.bias", Tensors.zeros(Dtype.FLOAT32, 3));
            weights.forEach((name, w) -> file.put("model.diffusion_model." + name, w));
            Path path = folder.resolve("sd3.safetensors");
            Safetensors.write(path, file, Map.of());
            var checkpoint = MmDitCheckpoint.open(path);
            assertThat(checkpoint.layout()).isEqualTo(Layout.SINGLE_FILE);
            assertThat(checkpoint.config()).isEqualTo(config);
            try (var dit = checkpoint.load(LoadOptions.inference())) {
                weights.forEach((name, w) ->
                        assertThat(Ops.maxAbsDifference(dit.parameters().all().get(name), w))
                                .as(name)
                                .isZero());
            }
        }
    }

    private static MmDit.Config config(HeadNorm norm) {
        return new MmDit.Config(128, 2, 4, 4, 32, 3, 2, 8, 6, 6, norm, Set.of(1));
    }

    private static Map<String, Tensor> weights(MmDit.Config config, Rng rng) {
        try (var dit = MmDit.initialise(config, rng)) {
            Map<String, Tensor> all = dit.parameters().all();
            Ops.noGrad(() -> {
                all.values().forEach(w -> rng.fillNormal(w, 0, 1));
                return 0;
            });
            return all.entrySet().stream()
                    .collect(Collectors.toMap(Map.Entry::getKey, e -> e.getValue().detach()));
        }
    }
}
