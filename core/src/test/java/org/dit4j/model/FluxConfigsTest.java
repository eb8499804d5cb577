package org.dit4j.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.checkpoint.Safetensors;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.TensorScope;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FluxConfigsTest {
    @TempDir Path folder;

    private static Map<String, Object> diffusers() {
        var map = new LinkedHashMap<String, Object>();
        map.put("_class_name", "FluxTransformer2DModel");
        map.put("_diffusers_version", "0.30.0.dev0");
        map.put("_name_or_path", "../checkpoints/flux-dev/transformer");
        map.put("attention_head_dim", 128);
        map.put("guidance_embeds", true);
        map.put("in_channels", 64);
        map.put("joint_attention_dim", 4096);
        map.put("num_attention_heads", 24);
        map.put("num_layers", 19);
        map.put("num_single_layers", 38);
        map.put("patch_size", 1);
        map.put("pooled_projection_dim", 768);
        return map;
    }

    private static Flux.Config parse(Map<String, Object> map) {
        return FluxConfigs.parse(JsonFile.mapper().valueToTree(map), "config.json");
    }

    @Test
    void theFileOfAPublishedNetworkIsItsPreset() {
        assertThat(parse(diffusers())).isEqualTo(FluxPresets.of("FLUX.1-dev"));
        assertThat(parse(Map.of("_class_name", "FluxTransformer2DModel")))
                .isEqualTo(FluxPresets.of("FLUX.1-schnell"));
    }

    @Test
    void outputsAreThoseOfAPatch() {
        Map<String, Object> map = diffusers();
        map.put("in_channels", 128);
        assertThat(parse(map).outChannels()).isEqualTo(128);
        map.put("out_channels", 64);
        assertThat(parse(map).outChannels()).isEqualTo(64);
        map.put("patch_size", 2);
        assertThat(parse(map).outChannels()).isEqualTo(256);
    }

    @Test
    void itsOwnFileComesBack() {
        for (String name : FluxPresets.names()) {
            Flux.Config c = FluxPresets.of(name);
            assertThat(parse(FluxConfigs.json(c))).isEqualTo(c);
        }
    }

    @Test
    void unknownAndMissingKeysAreOneClearLine() {
        Map<String, Object> more = diffusers();
        more.put("dropout", 0.1);
        assertThatThrownBy(() -> parse(more))
                .isInstanceOf(ConfigException.class)
                .hasMessageStartingWith("config.json: unknown key \"dropout\"; known keys: ");
        Map<String, Object> own = FluxConfigs.json(FluxPresets.of("FLUX.1-dev"));
        for (String key : own.keySet()) {
            var less = new LinkedHashMap<>(own);
            less.remove(key);
            assertThatThrownBy(() -> parse(less))
                    .hasMessage("config.json: the key \"%s\" is missing".formatted(key));
        }
    }

    @Test
    void aFileOfTheOriginalCodeStandsForItself() {
        var config = new Flux.Config(8, 12, 128, 2, 1, 1, 10, 6, List.of(16, 56, 56), true);
        try (var scope = TensorScope.open();
                var rng = Rng.seeded(2);
                var dit = Flux.initialise(config, rng)) {
            var weights = new LinkedHashMap<String, Tensor>();
            dit.parameters().all().forEach((name, w) -> weights.put(name, w.detach()));
            Path path = folder.resolve("flux1-dev.safetensors");
            Safetensors.write(path, weights, Map.of());
            try (var checkpoint = FluxCheckpoint.open(path)) {
                assertThat(checkpoint.layout()).isEqualTo(Layout.ORIGINAL);
                assertThat(checkpoint.config()).isEqualTo(config);
            }
        }
    }
}
