package org.dit4j.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Shapes;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class SafetensorsTest {
    @TempDir Path folder;

    /// Writes a file by the format's description: length, header, data.
    static Path raw(Path file, String header, int dataBytes) throws IOException {
        byte[] json = header.getBytes(StandardCharsets.UTF_8);
        ByteBuffer bytes =
                ByteBuffer.allocate(8 + json.length + dataBytes).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putLong(json.length).put(json);
        for (int i = 0; i < dataBytes; i++) {
            bytes.put((byte) i);
        }
        return Files.write(file, bytes.array());
    }

    @Test
    void whatIsWrittenIsReadBackInEveryDetail() {
        Path file = folder.resolve("new/a.safetensors");
        try (var _ = TensorScope.open()) {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            tensors.put("bytes", Tensors.of(new byte[] {1, 2, 3}, 3));
            tensors.put("w", Tensors.of(new float[] {1, -2, 3.5f, 0, 5, 6}, 2, 3));
            tensors.put("transposed", Tensors.of(new float[] {1, 2, 3, 4}, 2, 2).t());
            tensors.put("scalar", Tensors.scalar(7));
            tensors.put("empty", Tensors.zeros(Dtype.FLOAT32, 0, 4));
            tensors.put("half", Ops.to(Tensors.of(new float[] {0.5f}, 1), Dtype.BFLOAT16));
            tensors.put("labels", Tensors.of(new long[] {-1, 1L << 40}, 2));
            Safetensors.write(file, tensors, Map.of("note", "a \"text\"\n"));
        }
        try (var dict = StateDict.open(file)) {
            assertThat(dict.names())
                    .containsExactly(
                            "labels", "w", "transposed", "scalar", "empty", "half", "bytes");
            assertThat(dict.metadata())
                    .containsEntry("format", "pt")
                    .containsEntry("note", "a \"text\"\n");
            assertThat(Tensors.floats(dict.tensor("w"))).containsExactly(1, -2, 3.5f, 0, 5, 6);
            assertThat(Tensors.floats(dict.tensor("transposed"))).containsExactly(1, 3, 2, 4);
            assertThat(Tensors.floats(dict.tensor("scalar"))).containsExactly(7);
            assertThat(Shapes.of(dict.tensor("scalar"))).isEmpty();
            assertThat(Shapes.of(dict.tensor("empty"))).containsExactly(0, 4);
            assertThat(Tensors.longs(dict.tensor("labels"))).containsExactly(-1, 1L << 40);
            assertThat(Tensors.bytes(dict.tensor("bytes"))).containsExactly(1, 2, 3);
            assertThat(dict.entry("half").dtype()).isEqualTo(Dtype.BFLOAT16);
            assertThat(dict.entry("w").shape()).containsExactly(2, 3);
            assertThat(dict.entry("w").bytes()).isEqualTo(24);
            assertThat(dict.has("nothing")).isFalse();
        }
    }

    @Test
    void theHeaderIsAlignedAndTheFileIsFilledExactly() throws IOException {
        Path file = folder.resolve("a.safetensors");
        try (var _ = TensorScope.open()) {
            Safetensors.write(file, Map.of("x", Tensors.scalar(1)), Map.of());
        }
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        long header = bytes.getLong();
        assertThat(header % 8).isZero();
        assertThat(bytes.capacity()).isEqualTo((int) (8 + header + 4));
        String json = new String(bytes.array(), 8, (int) header, StandardCharsets.UTF_8);
        assertThat(json.strip())
                .isEqualTo(
                        "{\"__metadata__\":{\"format\":\"pt\"},\"x\":{\"dtype\":\"F32\",\"shape\":[],"
                                + "\"data_offsets\":[0,4]}}");
    }

    @ParameterizedTest
    @EnumSource(Dtype.class)
    void everyElementTypeSurvives(Dtype dtype) {
        Path file = folder.resolve("a.safetensors");
        try (var _ = TensorScope.open()) {
            Tensor x = Ops.to(Tensors.of(new float[] {0, 1, 1}, 3), dtype);
            Safetensors.write(file, Map.of("x", x), Map.of());
            try (var dict = Safetensors.open(file)) {
                assertThat(dict.entry("x").dtype()).isEqualTo(dtype);
                assertThat(Tensors.floats(dict.tensor("x"))).containsExactly(0, 1, 1);
            }
        }
    }

    @Test
    void tensorsAreViewsThatOutliveScopes() {
        Path file = folder.resolve("a.safetensors");
        try (var _ = TensorScope.open()) {
            Safetensors.write(file, Map.of("x", Tensors.of(new float[] {1, 2}, 2)), Map.of());
        }
        try (var dict = StateDict.open(file)) {
            Tensor x;
            try (var _ = TensorScope.open()) {
                x = dict.tensor("x");
            }
            assertThat(Tensors.floats(x)).containsExactly(1, 2);
            assertThat(dict.tensor("x")).isSameAs(x);
        }
    }

    @Test
    void unalignedDataOfForeignFilesIsCopied() throws IOException {
        Path file =
                raw(
                        folder.resolve("a.safetensors"),
                        "{\"b\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},"
                                + "\"i\":{\"dtype\":\"I16\",\"shape\":[2],\"data_offsets\":[1,5]}}",
                        5);
        try (var dict = StateDict.open(file)) {
            assertThat(Tensors.longs(dict.tensor("i"))).containsExactly(0x0201, 0x0403);
        }
    }

    @Test
    void aFileWithoutTensorsIsAFile() throws IOException {
        try (var dict = StateDict.open(raw(folder.resolve("a.safetensors"), "{}", 0))) {
            assertThat(dict.names()).isEmpty();
        }
    }

    static Stream<Arguments> hostileHeaders() {
        String ok = "\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]";
        return Stream.of(
                Arguments.of("{\"x\":{" + ok + "}", 8, "not valid JSON"),
                Arguments.of("[1, 2, 3]", 8, "not a JSON object"),
                Arguments.of("{\"x\":{" + ok + "}} {}", 8, "more follows"),
                Arguments.of("{\"x\":[1]}", 8, "\"x\" is not an object"),
                Arguments.of("{\"x\":{" + ok + "},\"x\":{" + ok + "}}", 8, "uplicate"),
                Arguments.of("{\"x\":{" + ok + ",\"y\":1}}", 8, "unknown key \"y\""),
                Arguments.of("{\"x\":{" + ok + "}}", 7, "reach beyond the 7 bytes"),
                Arguments.of("{\"x\":{" + ok + "}}", 9, "1 bytes of data belong to no tensor"),
                Arguments.of(entry("F33", "[2]", "[0,8]"), 8, "unknown dtype \"F33\""),
                Arguments.of(entry("F32", "[3]", "[0,8]"), 8, "needs 12 bytes"),
                Arguments.of(entry("F32", "[-2]", "[0,8]"), 8, "out of range"),
                Arguments.of(entry("F32", "[2.0]", "[0,8]"), 8, "not a whole number"),
                Arguments.of(entry("F32", "2", "[0,8]"), 8, "shape is not a list"),
                Arguments.of(entry("F32", "[2]", "[-8,0]"), 8, "out of range"),
                Arguments.of(entry("F32", "[2]", "[8,0]"), 8, "run backwards"),
                Arguments.of(entry("F32", "[2]", "[0,8,16]"), 8, "two numbers"),
                Arguments.of(entry("F32", "[2]", "[8,16]"), 16, "leave a hole"),
                Arguments.of(entry("F32", "[2]", "[0,99999999999999999999]"), 8, "out of range"),
                Arguments.of(entry("F32", "[4294967296,4294967296]", "[0,8]"), 8, "too large"),
                Arguments.of(entry("F32", "[0,9223372036854775807]", "[0,0]"), 0, "too large"),
                Arguments.of(
                        entry("F32", "[" + "1,".repeat(70) + "1]", "[0,4]"), 4, "more than 64"),
                Arguments.of("{\"x\":{\"dtype\":\"F32\"}}", 8, "are all needed"),
                Arguments.of("{\"__metadata__\":{\"a\":1}}", 0, "is not a text"),
                Arguments.of(
                        "{\"x\":{" + ok + "},\"y\":{" + ok.replace("[0,8]", "[4,12]") + "}}",
                        12,
                        "tensor \"y\": data_offsets [4, 12] overlap"),
                Arguments.of("{\"x\":" + "[".repeat(5000) + "}", 8, "is not an object"));
    }

    private static String entry(String dtype, String shape, String offsets) {
        return "{\"x\":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":%s}}"
                .formatted(dtype, shape, offsets);
    }

    @ParameterizedTest
    @MethodSource("hostileHeaders")
    void aHostileHeaderIsRefusedInOneLine(String header, int dataBytes, String rule)
            throws IOException {
        Path file = raw(folder.resolve("bad.safetensors"), header, dataBytes);
        assertThatThrownBy(() -> StateDict.open(file))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("bad.safetensors")
                .hasMessageContaining(rule)
                .message()
                .doesNotContain("\n");
    }

    @ParameterizedTest
    @MethodSource("headerLengths")
    void anAbsurdHeaderLengthIsRefused(long length, String rule) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN).putLong(length);
        Path file = Files.write(folder.resolve("bad.safetensors"), bytes.array());
        assertThatThrownBy(() -> StateDict.open(file))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining(rule);
    }

    static Stream<Arguments> headerLengths() {
        return Stream.of(
                Arguments.of(0L, "would have 0 bytes"),
                Arguments.of(9L, "truncated"),
                Arguments.of(100_000_001L, "at most 100000000"),
                Arguments.of(-1L, "18446744073709551615"),
                Arguments.of(Long.MAX_VALUE, "at most"));
    }

    @Test
    void everyTruncationIsRefused() throws IOException {
        Path file = folder.resolve("a.safetensors");
        try (var _ = TensorScope.open()) {
            Safetensors.write(file, Map.of("x", Tensors.of(new float[] {1, 2}, 2)), Map.of());
        }
        byte[] whole = Files.readAllBytes(file);
        for (int n = 0; n < whole.length; n++) {
            Files.write(file, Arrays.copyOf(whole, n));
            assertThatThrownBy(() -> StateDict.open(file)).isInstanceOf(CheckpointException.class);
        }
    }

    @Test
    void aClosedFileGivesNoTensors() throws IOException {
        var dict = StateDict.open(raw(folder.resolve("a.safetensors"), "{}", 0));
        dict.close();
        dict.close();
        assertThatThrownBy(() -> dict.tensor("x")).hasMessageContaining("is closed");
    }

    @Test
    void shardsAreOneStateDict() throws IOException {
        Path index = shards("{\"a\":\"1.safetensors\",\"b\":\"2.safetensors\"}");
        for (Path path : List.of(index, folder)) {
            try (var dict = StateDict.open(path)) {
                assertThat(dict.names()).containsExactly("a", "b");
                assertThat(Tensors.floats(dict.tensor("b"))).containsExactly(2);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("badIndexes")
    void aBadIndexIsRefused(String map, String rule) throws IOException {
        Path index = shards(map);
        assertThatThrownBy(() -> StateDict.open(index))
                .isInstanceOfAny(CheckpointException.class, ConfigException.class)
                .hasMessageContaining(rule)
                .message()
                .doesNotContain("\n");
    }

    static Stream<Arguments> badIndexes() {
        return Stream.of(
                Arguments.of("{\"a\":\"2.safetensors\"}", "\"a\" is not in 2.safetensors"),
                Arguments.of("{\"a\":\"3.safetensors\"}", "3.safetensors"),
                Arguments.of("{\"a\":\"../1.safetensors\"}", "not the name of a file"),
                Arguments.of("{\"a\":\"/etc/x.safetensors\"}", "not the name of a file"),
                Arguments.of("{\"a\":1}", "not the name of a file"),
                Arguments.of("{}", "no weight_map"),
                Arguments.of("7", "no weight_map"),
                Arguments.of("{", "not valid JSON"));
    }

    private Path shards(String map) throws IOException {
        try (var _ = TensorScope.open()) {
            Safetensors.write(
                    folder.resolve("1.safetensors"), Map.of("a", Tensors.scalar(1)), Map.of());
            Safetensors.write(
                    folder.resolve("2.safetensors"), Map.of("b", Tensors.scalar(2)), Map.of());
        }
        return Files.writeString(
                folder.resolve("model.safetensors.index.json"),
                "{\"metadata\":{},\"weight_map\":" + map + "}");
    }

    @Test
    void aFolderWithoutACheckpointSaysWhatIsThere() throws IOException {
        Files.createDirectory(folder.resolve("transformer"));
        Files.writeString(folder.resolve("notes.txt"), "none");
        assertThatThrownBy(() -> StateDict.open(folder))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("found: notes.txt, transformer/");
        // of a pipeline the network is meant
        Files.writeString(folder.resolve("model_index.json"), "{}");
        assertThatThrownBy(() -> StateDict.open(folder))
                .hasMessageContaining("transformer: no checkpoint here")
                .hasMessageContaining("found: nothing");
        assertThatThrownBy(() -> StateDict.open(folder.resolve("none")))
                .hasMessageContaining("no file or folder");
    }

    @Test
    void aFailedWriteLeavesTheOldFileAndNothingElse() throws IOException {
        Path file = Files.writeString(folder.resolve("a.safetensors"), "old");
        assertThatThrownBy(() ->
                        AtomicFile.write(
                                file,
                                channel -> {
                                    channel.write(ByteBuffer.allocate(100));
                                    throw new IOException("No space left on device");
                                }))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("cannot write")
                .hasMessageContaining("No space left on device");
        assertThat(file).hasContent("old");
        try (Stream<Path> left = Files.list(folder)) {
            assertThat(left).containsExactly(file);
        }
    }
}
