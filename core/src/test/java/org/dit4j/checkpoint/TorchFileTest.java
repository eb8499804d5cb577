package org.dit4j.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.dit4j.Dit4jException;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Tensors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class TorchFileTest {
    @TempDir Path folder;

    /// Files that PyTorch wrote; `torch_files.py` beside them says how.
    private static Path resource(String name) {
        return Path.of(
                URI.create(
                        Objects.requireNonNull(TorchFileTest.class.getResource(name)).toString()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"layouts.pt", "layouts-protocol4.pt"})
    void everyLayoutOfATensorIsRead(String file) {
        try (var dict = StateDict.open(resource(file))) {
            assertThat(floats(dict, "whole")).hasSize(24).startsWith(0, 1, 2).endsWith(23);
            assertThat(dict.entry("whole").shape()).containsExactly(4, 6);
            assertThat(floats(dict, "row")).containsExactly(6, 7, 8, 9, 10, 11);
            assertThat(floats(dict, "column")).containsExactly(2, 8, 14, 20);
            assertThat(dict.entry("transposed").shape()).containsExactly(6, 4);
            assertThat(floats(dict, "transposed")).startsWith(0, 6, 12, 18, 1, 7);
            assertThat(floats(dict, "block")).containsExactly(8, 9, 10, 14, 15, 16);
            assertThat(floats(dict, "expanded")).containsExactly(7, 7, 7, 7, 7, 7);
            assertThat(floats(dict, "scalar")).containsExactly(2.5f);
            assertThat(dict.entry("scalar").shape()).isEmpty();
            assertThat(dict.entry("empty").shape()).containsExactly(0, 3);
            assertThat(floats(dict, "empty")).isEmpty();
            assertThat(floats(dict, "parameter")).containsExactly(1, -1);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"layouts.pt", "layouts-protocol4.pt"})
    void everyElementTypeIsRead(String file) {
        try (var dict = StateDict.open(resource(file))) {
            for (Dtype dtype : Dtype.values()) {
                String name =
                        "torch."
                                + (dtype == Dtype.FLOAT8_E4M3
                                        ? "float8_e4m3fn"
                                        : dtype.torchName());
                assertThat(dict.entry(name).dtype()).isEqualTo(dtype);
                assertThat(floats(dict, name)).containsExactly(0, 1, 1);
            }
        }
    }

    @Test
    void whatIsContiguousIsAViewOfTheFile() {
        try (var dict = StateDict.open(resource("layouts.pt"))) {
            assertThat(dict.item("whole").mapped()).isTrue();
            assertThat(dict.item("row").mapped()).isTrue();
            assertThat(dict.item("column").mapped()).isFalse();
            // both lie in one storage
            long whole = dict.tensor("whole").data_ptr().address();
            assertThat(dict.tensor("row").data_ptr().address()).isEqualTo(whole + 6 * 4);
        }
    }

    @Test
    void aTrainingCheckpointGivesItsAveragedWeightsUnlessAskedOtherwise() {
        Path file = resource("training.pt");
        try (var ema = StateDict.open(file);
                var model = StateDict.open(file, "model")) {
            assertThat(ema.names())
                    .containsExactly("0.weight", "0.bias", "1.weight", "1.bias")
                    .isEqualTo(model.names());
            assertThat(floats(ema, "1.bias")).containsExactly(10, 10, 10);
            assertThat(floats(model, "0.weight")).doesNotContain(10, 10);
        }
        assertThatThrownBy(() -> StateDict.open(file, "emma"))
                .isInstanceOf(CheckpointException.class)
                .hasMessage(
                        file + ": has no \"emma\"; there is model, ema, opt, args, train_steps");
    }

    @Test
    void theArgumentsOfTheTrainingProgramAreTexts() {
        try (var dict = StateDict.open(resource("training.pt"))) {
            assertThat(dict.metadata())
                    .containsEntry("args.model", "DiT-S/2")
                    .containsEntry("args.image_size", "256")
                    .containsEntry("args.data", "a/b")
                    .containsEntry("args.flag", "true")
                    .containsEntry("args.big", "1180591620717411303424")
                    .containsEntry("train_steps", "20")
                    .doesNotContainKey("args.none");
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "module.pt|refused, for it names torch.nn.modules.container.Sequential, which is"
                        + " code and not tensors; nothing of it was run (save a state_dict()"
                        + " instead of a whole Python object)",
                "tensor.pt|holds no named tensors (it was not saved from a state dict)",
                "before-1.6.pt|is in the format of PyTorch before 1.6; load it in Python and save"
                        + " it again with torch.save"
            })
    void whatIsNoStateDictIsRefusedInOneLine(String name, String message) {
        Path file = resource(name);
        assertThatThrownBy(() -> StateDict.open(file))
                .isInstanceOf(CheckpointException.class)
                .hasMessage(file + ": " + message);
    }

    static Stream<Arguments> hostile() {
        String tensor =
                "ctorch._utils\n_rebuild_tensor_v2\n((U\7storagectorch\nFloatStorage\n"
                        + "U\0010U\3cpuK\4tQ";
        return Stream.of(
                Arguments.of("cos\nsystem\n(U\4echotR.", "refused, for it names os.system"),
                Arguments.of("cposix\nsystem\n(U\4echotR.", "names posix.system"),
                Arguments.of("c__builtin__\ngetattr\n(tR.", "names __builtin__.getattr"),
                Arguments.of("cbuiltins\neval\n(U\0011tR.", "names builtins.eval"),
                Arguments.of("U\2osU\6system\u0093)R.", "names os.system"),
                Arguments.of("ctorch\nload\n(tR.", "torch.load is not a supported type"),
                Arguments.of("ctorch._utils\n_rebuild\n(tR.", "names torch._utils._rebuild,"),
                Arguments.of("(ios\nsystem\n.", "instruction 0x69 is not one that data needs"),
                Arguments.of("\u0082\1.", "instruction 0x82"),
                Arguments.of("(U\1aK\1t)R.", "calls what is not a function"),
                Arguments.of("t.", "a mark is missing"),
                Arguments.of(
                        "}U\1a" + tensor + "K\0(K\5t(K\1t\u0089}tRs.",
                        "shape [5], strides [1] and offset 0 lead out of its 4 elements"),
                Arguments.of(
                        "}U\1a" + tensor + "K\1(K\4t(K\1t\u0089}tRs.",
                        "shape [4], strides [1] and offset 1 lead out"),
                Arguments.of(
                        "}U\1a" + tensor + "J\u00ff\u00ff\u00ff\u00ff(K\4t(K\1t\u0089}tRs.",
                        "offset -1 lead out"),
                Arguments.of(
                        "}U\1a" + tensor + "K\3(K\4t(J\u00ff\u00ff\u00ff\u00fft\u0089}tRs.",
                        "strides [-1] and offset 3 lead out"),
                Arguments.of(
                        "}U\1a" + tensor + "K\0(J\u00ff\u00ff\u00ff\u00fft(K\1t\u0089}tRs.",
                        "shape [-1] with strides [1] is impossible"),
                Arguments.of(
                        "}U\1a" + tensor + "K\0(J\0\0\0\20t(K\0t\u0089}tRs.",
                        "repeats its numbers to 1073741824 bytes"),
                Arguments.of(
                        "}U\1a"
                                + tensor
                                + "K\0(J\0\0\0\177J\0\0\0\177J\0\0\0\177t(K\0K\0K\0t\u0089}tRs.",
                        "is impossible"),
                Arguments.of(
                        "}U\1a" + tensor.replace("K\4tQ", "K\5tQ") + "K\0(K\5t(K\1t\u0089}tRs.",
                        "storage 0 should have 5 elements of FLOAT32 but has 16 bytes"),
                Arguments.of(
                        "}U\1a" + tensor.replace("U\0010", "U\0011") + "K\0(K\5t(K\1t\u0089}tRs.",
                        "storage 1 is missing"),
                Arguments.of("X\u00ff\u00ff\u00ff\177.", "a text of 2147483647 bytes"),
                Arguments.of("\u008b\u00ff\u00ff\u00ff\177.", "a number of 2147483647 bytes"),
                Arguments.of("}U\1a", "it ends too early"),
                Arguments.of("h\7.", "value 7 was never remembered"),
                Arguments.of("}]K\1s.", "a key must be a text or a number"),
                Arguments.of("}.", "which weights are meant?"),
                Arguments.of("}q\0U\5modelh\0s.", "its dictionaries are nested too deeply"),
                Arguments.of("K\1.", "holds no named tensors"));
    }

    @ParameterizedTest
    @MethodSource("hostile")
    void aHostilePickleIsRefusedInOneLine(String pickle, String message) throws IOException {
        Path file = archive(Map.of("data.pkl", latin(pickle), "data/0", new byte[16]));
        assertThatThrownBy(() -> StateDict.open(file))
                .isInstanceOf(CheckpointException.class)
                .hasMessageStartingWith(file + ": ")
                .hasMessageContaining(message)
                .extracting(e -> String.valueOf(e.getMessage()).lines().count())
                .isEqualTo(1L);
    }

    @Test
    void sharedPartsThatWouldGrowWithoutBoundAreNotFollowed() throws IOException {
        // each of 12 lists of keys holds the dictionary before ten times: 10^12 paths
        var pickle = new StringBuilder("}q\0");
        for (char i = 1; i <= 12; i++) {
            pickle.append("}q").append(i).append('(');
            for (int k = 0; k < 10; k++) {
                pickle.append('K').append((char) k).append('h').append((char) (i - 1));
            }
            pickle.append('u');
        }
        pickle.append("}U\5modelh\14s.");
        Path file =
                archive(Map.of("data.pkl", latin("(" + pickle.insert(pickle.length() - 12, '1'))));
        assertThatThrownBy(() -> StateDict.open(file)).hasMessageContaining("nested too deeply");
    }

    @Test
    void compressedAndDuplicateAndBigEndianArchivesAreRefused() throws IOException {
        Path packed = folder.resolve("packed.pt");
        try (var out = new ZipOutputStream(Files.newOutputStream(packed))) {
            out.putNextEntry(new ZipEntry("a/data.pkl"));
            out.write(latin("}."));
        }
        assertThatThrownBy(() -> StateDict.open(packed))
                .hasMessageContaining("entry \"a/data.pkl\" is compressed");
        Path big = archive(Map.of("data.pkl", latin("}."), "byteorder", latin("big")));
        assertThatThrownBy(() -> StateDict.open(big)).hasMessageContaining("big-endian");
        Path none = archive(Map.of("other", latin("}.")));
        assertThatThrownBy(() -> StateDict.open(none)).hasMessageContaining("wanted one data.pkl");
    }

    @Test
    void aFileCutAnywhereIsRefused() throws IOException {
        byte[] whole = Files.readAllBytes(resource("training.pt"));
        for (int size = 0; size < whole.length; size += 97) {
            Path file = Files.write(folder.resolve("cut.pt"), Arrays.copyOf(whole, size));
            assertThatThrownBy(() -> StateDict.open(file)).isInstanceOf(CheckpointException.class);
        }
    }

    /// Whatever a damaged file says, it ends in our own exception or in tensors within the file.
    @Test
    void randomDamageNeverEscapesAsAnythingElse() throws IOException {
        byte[] whole = Files.readAllBytes(resource("layouts.pt"));
        var random = new Random(7);
        for (int i = 0; i < 1000; i++) {
            byte[] bytes = whole.clone();
            for (int k = 0; k <= i % 3; k++) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
            }
            Path file = Files.write(folder.resolve("damaged.pt"), bytes);
            try (var dict = StateDict.open(file)) {
                dict.names().forEach(dict::tensor);
            } catch (Dit4jException e) {
                assertThat(e.getMessage()).doesNotContain("\n");
            }
        }
    }

    @Test
    void safetensorsHaveNoWeightsToChoose() throws IOException {
        Path file = SafetensorsTest.raw(folder.resolve("a.safetensors"), "{}", 0);
        assertThatThrownBy(() -> StateDict.open(file, "ema"))
                .hasMessage(file + ": only a training checkpoint (.pt) has \"ema\" to choose");
    }

    private static float[] floats(StateDict dict, String name) {
        return Tensors.floats(dict.tensor(name));
    }

    private static byte[] latin(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    /// Writes an uncompressed zip file of these entries below `archive/`.
    private Path archive(Map<String, byte[]> entries) throws IOException {
        var bytes = new ByteArrayOutputStream();
        try (var out = new ZipOutputStream(bytes)) {
            for (var e : new LinkedHashMap<>(entries).entrySet()) {
                var crc = new CRC32();
                crc.update(e.getValue());
                var entry = new ZipEntry("archive/" + e.getKey());
                entry.setMethod(ZipEntry.STORED);
                entry.setSize(e.getValue().length);
                entry.setCrc(crc.getValue());
                out.putNextEntry(entry);
                out.write(e.getValue());
            }
        }
        return Files.write(folder.resolve("hostile.pt"), bytes.toByteArray());
    }
}
