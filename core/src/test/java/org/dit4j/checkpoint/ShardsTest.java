package org.dit4j.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ShardsTest {
    private static final String NAME = "diffusion_pytorch_model";

    @TempDir Path folder;

    @Test
    void whatIsTooLargeForOneFileGetsSeveralAndAnIndex() {
        // 40, 24, 40, 80 and 4 bytes: the first two fit into 64, the fourth is too large by itself
        assertThat(write(64)).isEqualTo(folder.resolve(NAME + ".safetensors.index.json"));
        var index = JsonFile.tree(folder.resolve(NAME + ".safetensors.index.json"));
        assertThat(index.path("metadata").path("total_size").asLong()).isEqualTo(188);
        var homes = new LinkedHashMap<String, String>();
        index.path("weight_map")
                .properties()
                .forEach(e -> homes.put(e.getKey(), e.getValue().asString()));
        assertThat(homes)
                .containsEntry("a", NAME + "-00001-of-00004.safetensors")
                .containsEntry("b", NAME + "-00001-of-00004.safetensors")
                .containsEntry("c", NAME + "-00002-of-00004.safetensors")
                .containsEntry("d", NAME + "-00003-of-00004.safetensors")
                .containsEntry("e", NAME + "-00004-of-00004.safetensors")
                .hasSize(5);
        check();
    }

    @Test
    void theOtherKindIsNotLeftBeside() {
        write(64);
        assertThat(write(188)).isEqualTo(folder.resolve(NAME + ".safetensors"));
        assertThat(folder.resolve(NAME + ".safetensors.index.json")).doesNotExist();
        check();
        write(187);
        assertThat(folder.resolve(NAME + ".safetensors")).doesNotExist();
        check();
    }

    private Path write(long limit) {
        try (var _ = TensorScope.open();
                var dict = StateDict.of(tensors(), Map.of("format", "pt"))) {
            return Shards.write(folder, NAME, dict, limit);
        }
    }

    private void check() {
        try (var _ = TensorScope.open();
                var read = StateDict.open(folder)) {
            Map<String, Tensor> all = tensors();
            assertThat(read.names()).containsExactlyInAnyOrderElementsOf(all.keySet());
            all.forEach((name, x) ->
                    assertThat(Tensors.floats(read.tensor(name))).isEqualTo(Tensors.floats(x)));
        }
    }

    private static Map<String, Tensor> tensors() {
        var all = new LinkedHashMap<String, Tensor>();
        int from = 0;
        for (var e :
                Map.of("a", 10, "b", 6, "c", 10, "d", 20, "e", 1).entrySet().stream()
                        .sorted(Map.Entry.comparingByKey())
                        .toList()) {
            var values = new float[e.getValue()];
            for (int i = 0; i < values.length; i++) {
                values[i] = from++;
            }
            all.put(e.getKey(), Tensors.of(values, values.length));
        }
        return all;
    }
}
