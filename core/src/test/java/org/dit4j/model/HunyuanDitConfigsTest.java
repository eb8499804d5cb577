package org.dit4j.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.checkpoint.StateDict;
import org.dit4j.nn.GridRegion.Spacing;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.TensorScope;
import org.junit.jupiter.api.Test;

class HunyuanDitConfigsTest {
    private static Map<String, Object> diffusers() {
        var map = new LinkedHashMap<String, Object>();
        map.put("_class_name", "HunyuanDiT2DModel");
        map.put("activation_fn", "gelu-approximate");
        map.put("attention_head_dim", 88);
        map.put("cross_attention_dim", 1024);
        map.put("cross_attention_dim_t5", 2048);
        map.put("hidden_size", 1408);
        map.put("in_channels", 4);
        map.put("learn_sigma", true);
        map.put("mlp_ratio", 4.3637);
        map.put("norm_type", "layer_norm");
        map.put("num_attention_heads", 16);
        map.put("num_layers", 40);
        map.put("patch_size", 2);
        map.put("pooled_projection_dim", 1024);
        map.put("sample_size", 128);
        map.put("text_len", 77);
        map.put("text_len_t5", 256);
        map.put("use_style_cond_and_image_meta_size", false);
        return map;
    }

    private static HunyuanDit.Config parse(Map<String, Object> map) {
        return HunyuanDitConfigs.parse(JsonFile.mapper().valueToTree(map), "config.json");
    }

    @Test
    void theFileOfThePublishedNetworkIsThePresetButForTheSpacing() {
        HunyuanDit.Config c = parse(diffusers());
        assertThat(c.positionSpacing()).isEqualTo(Spacing.SHORTENED);
        Map<String, Object> own = HunyuanDitConfigs.json(c);
        own.put("position_spacing", "even");
        assertThat(parse(own)).isEqualTo(HunyuanDitPresets.of("HunyuanDiT-g/2", 128, false));
    }

    @Test
    void itsOwnFileComesBack() {
        for (String name : HunyuanDitPresets.names()) {
            HunyuanDit.Config c = HunyuanDitPresets.of(name, 64, true).withPositionBase(16);
            assertThat(parse(HunyuanDitConfigs.json(c))).isEqualTo(c);
        }
    }

    @Test
    void unknownMissingAndWrongKeysAreOneClearLine() {
        Map<String, Object> more = diffusers();
        more.put("dropout", 0.1);
        assertThatThrownBy(() -> parse(more))
                .isInstanceOf(ConfigException.class)
                .hasMessageStartingWith("config.json: unknown key \"dropout\"; known keys: ");
        for (String key : diffusers().keySet()) {
            Map<String, Object> less = diffusers();
            less.remove(key);
            boolean mayLack =
                    key.equals("activation_fn")
                            || key.equals("norm_type")
                            || key.equals("use_style_cond_and_image_meta_size");
            if (!mayLack && !key.equals("_class_name")) {
                assertThatThrownBy(() -> parse(less))
                        .hasMessage("config.json: the key \"%s\" is missing".formatted(key));
            }
        }
        Map<String, Object> heads = diffusers();
        heads.put("num_attention_heads", 8);
        assertThatThrownBy(() -> parse(heads))
                .hasMessage(
                        "hidden_size 1408 must be num_attention_heads 8 times attention_head_dim 88");
        Map<String, Object> rms = diffusers();
        rms.put("norm_type", "rms");
        assertThatThrownBy(() -> parse(rms))
                .hasMessage("config.json: norm_type must be one of [layer_norm] but is rms");
    }

    @Test
    void namesGoToDiffusersAndBackBitForBit() {
        var text = new HunyuanDit.Text(8, 3, 16, 5, 12, HunyuanDit.Pooled.SECOND);
        var config = new HunyuanDit.Config(8, 2, 4, 24, 4, 3, 4, true, text, true, 4, Spacing.EVEN);
        try (var scope = TensorScope.open();
                var rng = Rng.seeded(1);
                var dit = HunyuanDit.initialise(config, rng)) {
            Map<String, Tensor> all = dit.parameters().all();
            Ops.noGrad(() -> {
                all.values().forEach(w -> rng.fillNormal(w, 0, 1));
                return 0;
            });
            Map<String, Tensor> weights =
                    all.entrySet().stream()
                            .collect(
                                    Collectors.toMap(
                                            Map.Entry::getKey, e -> e.getValue().detach()));
            StateDict there = HunyuanDitLayouts.toDiffusers(StateDict.of(weights, Map.of()));
            assertThat(HunyuanDitLayouts.find(there)).contains(Layout.DIFFUSERS);
            assertThat(there.names()).contains("norm_out.linear.bias", "blocks.3.skip_norm.weight");
            Tensor shift = weights.get("final_layer.adaLN_modulation.1.weight").narrow(0, 0, 24);
            Tensor moved = there.tensor("norm_out.linear.weight").narrow(0, 24, 24);
            assertThat(Ops.maxAbsDifference(moved, shift)).isZero();
            StateDict back = HunyuanDitLayouts.fromDiffusers(there);
            assertThat(HunyuanDitLayouts.find(back)).contains(Layout.ORIGINAL);
            assertThat(back.names()).containsExactlyInAnyOrderElementsOf(weights.keySet());
            weights.forEach((name, w) ->
                    assertThat(Ops.maxAbsDifference(back.tensor(name), w)).as(name).isZero());
        }
    }
}
