package org.dit4j.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.ZipFile;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class TorchArchiveTest {
    @TempDir Path folder;

    @ParameterizedTest
    @EnumSource
    void everyElementTypeIsReadBackAsAView(Dtype dtype) {
        Path file = folder.resolve("a.pt");
        try (var _ = TensorScope.open()) {
            Tensor x = Ops.to(Tensors.of(new float[] {0, 1, 1, 0, 1, 0}, 2, 3), dtype);
            TorchArchive.write(file, StateDict.of(Map.of("x", x), Map.of()));
            try (var dict = StateDict.open(file)) {
                assertThat(dict.entry("x").dtype()).isEqualTo(dtype);
                assertThat(dict.entry("x").shape()).containsExactly(2, 3);
                assertThat(dict.item("x").mapped()).isTrue();
                assertThat(Tensors.floats(dict.tensor("x"))).containsExactly(0, 1, 1, 0, 1, 0);
            }
        }
    }

    @Test
    void aTrainingCheckpointHasItsEntries() {
        Path file = folder.resolve("new/0000100.pt");
        try (var _ = TensorScope.open()) {
            Map<String, StateDict> weights = new LinkedHashMap<>();
            weights.put("model", StateDict.of(Map.of("w", Tensors.scalar(1)), Map.of()));
            weights.put("ema", StateDict.of(Map.of("w", Tensors.scalar(2)), Map.of()));
            TorchArchive.write(file, weights);
        }
        try (var ema = StateDict.open(file);
                var model = StateDict.open(file, "model")) {
            assertThat(Tensors.floats(ema.tensor("w"))).containsExactly(2);
            assertThat(Tensors.floats(model.tensor("w"))).containsExactly(1);
            assertThat(model.entry("w").shape()).isEmpty();
        }
    }

    /// The JDK's reader checks the checksums that Python checks.
    @Test
    void theZipFileIsValid() throws IOException {
        Path file = folder.resolve("a.pt");
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        try (var _ = TensorScope.open()) {
            tensors.put("t", Tensors.of(new float[] {1, 2, 3, 4}, 2, 2).t());
            tensors.put("empty", Tensors.zeros(Dtype.FLOAT32, 0, 3));
            tensors.put("ünï", Tensors.of(new long[] {1L << 40}, 1));
            TorchArchive.write(file, StateDict.of(tensors, Map.of()));
        }
        try (var zip = new ZipFile(file.toFile())) {
            assertThat(zip.stream().map(e -> e.getName()).toList())
                    .containsExactly(
                            "archive/data.pkl",
                            "archive/byteorder",
                            "archive/data/0",
                            "archive/data/1",
                            "archive/data/2",
                            "archive/version");
            for (var e : zip.stream().toList()) {
                try (var in = zip.getInputStream(e)) {
                    assertThat(in.readAllBytes()).hasSize((int) e.getSize());
                }
            }
        }
        try (var dict = StateDict.open(file)) {
            assertThat(dict.names()).containsExactly("t", "empty", "ünï");
            assertThat(Tensors.floats(dict.tensor("t"))).containsExactly(1, 3, 2, 4);
            assertThat(Tensors.longs(dict.tensor("ünï"))).containsExactly(1L << 40);
        }
    }

    @Test
    void aFailedWriteLeavesTheOldFile() throws IOException {
        Path file = Files.writeString(folder.resolve("a.pt"), "old");
        try (var _ = TensorScope.open()) {
            StateDict dict = StateDict.of(Map.of("x", Tensors.scalar(1)), Map.of());
            StateDict broken = KeyMap.of(KeyMap.rename("x", "y")).apply(dict);
            Map<String, StateDict> weights = new LinkedHashMap<>();
            weights.put("model", broken);
            dict.release();
            Tensor freed = Tensors.scalar(2);
            weights.put("ema", StateDict.of(Map.of("x", freed), Map.of()));
            freed.close();
            assertThatThrownBy(() -> TorchArchive.write(file, weights))
                    .isInstanceOf(RuntimeException.class);
        }
        assertThat(Files.readString(file)).isEqualTo("old");
        try (var files = Files.list(folder)) {
            assertThat(files).containsExactly(file);
        }
    }
}
