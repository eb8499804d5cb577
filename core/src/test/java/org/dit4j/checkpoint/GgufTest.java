package org.dit4j.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Tensors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class GgufTest {
    @TempDir Path folder;

    @ParameterizedTest
    @EnumSource(
            value = GgufType.class,
            mode = EnumSource.Mode.EXCLUDE,
            names = {"F32", "F16", "BF16"})
    void blocksStandForTheNumbersThatWerePacked(GgufType type) throws IOException {
        var packed = new GgufBlock(type);
        byte[] data = new byte[3 * type.bytes()];
        for (int i = 0; i < 3; i++) {
            packed.bytes.get(0, data, i * type.bytes(), type.bytes());
        }
        // three rows of one block: GGUF names the innermost axis first
        Path file =
                write(new GgufWriter().tensor("w", new long[] {type.elements(), 3}, type, data));
        try (var dict = StateDict.open(file)) {
            assertThat(dict.entry("w").shape()).containsExactly(3, type.elements());
            float[] values = Tensors.floats(dict.tensor("w"));
            for (int i = 0; i < values.length; i++) {
                assertThat(values[i]).isCloseTo(packed.values[i % type.elements()], within(1e-3f));
            }
        }
    }

    @Test
    void plainTypesAndPairsAreRead() throws IOException {
        byte[] f32 = floats(1, 2, 3, 4, 5, 6);
        ByteBuffer halves = ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN);
        halves.putShort(Float.floatToFloat16(0.5f)).putShort(Float.floatToFloat16(-3));
        byte[] bf16 = {(byte) 0x80, 0x3f, 0x40, (byte) 0xc0}; // 1, -3
        Path file =
                write(
                        new GgufWriter()
                                .pair("general.architecture", "flux")
                                .pair("general.alignment", 64)
                                .shape("comfy.gguf.orig_shape.b", 1, 2, 1)
                                .tensor("a", new long[] {3, 2}, GgufType.F32, f32)
                                .tensor("b", new long[] {2}, GgufType.F16, halves.array())
                                .tensor("c", new long[] {2}, GgufType.BF16, bf16));
        try (var dict = StateDict.open(file)) {
            assertThat(dict.metadata())
                    .containsEntry("general.architecture", "flux")
                    .containsEntry("tensors", "{F32=1, F16=1, BF16=1}");
            assertThat(dict.entry("a").shape()).containsExactly(2, 3);
            assertThat(Tensors.floats(dict.tensor("a"))).containsExactly(1, 2, 3, 4, 5, 6);
            assertThat(dict.entry("b").shape()).containsExactly(1, 2, 1);
            assertThat(dict.entry("b").dtype()).isEqualTo(Dtype.FLOAT16);
            assertThat(Tensors.floats(dict.tensor("b"))).containsExactly(0.5f, -3);
            assertThat(Tensors.floats(dict.tensor("c"))).containsExactly(1, -3);
        }
    }

    /// Every cut and every changed byte of the header is an error or harmless, never a crash.
    @Test
    void damagedHeadersGiveOneError() throws IOException {
        byte[] good =
                new GgufWriter()
                        .pair("general.architecture", "flux")
                        .shape("comfy.gguf.orig_shape.a", 2, 2)
                        .tensor("a", new long[] {4}, GgufType.F32, floats(1, 2, 3, 4))
                        .bytes();
        for (int n = 0; n < good.length; n++) {
            byte[] cut = Arrays.copyOf(good, n);
            assertThatThrownBy(() -> open(cut)).isInstanceOf(CheckpointException.class);
        }
        for (int i = 0; i < good.length; i++) {
            for (int bits : new int[] {0x01, 0x80, 0xff}) {
                byte[] bad = good.clone();
                bad[i] ^= (byte) bits;
                try {
                    open(bad);
                } catch (CheckpointException e) {
                    assertThat(e).hasMessageContaining("x.gguf");
                }
            }
        }
    }

    @Test
    void wrongTensorsAreNamed() throws IOException {
        byte[] row = new byte[18];
        assertThatThrownBy(() ->
                        open(
                                new GgufWriter()
                                        .tensor("w", new long[] {33}, GgufType.Q4_0, row)
                                        .bytes()))
                .hasMessageContaining("tensor \"w\": rows of 33 are no blocks of Q4_0");
        byte[] unknown = new GgufWriter().tensor("w", new long[] {32}, GgufType.Q4_0, row).bytes();
        unknown[24 + 8 + 1 + 4 + 8] = 99; // behind counts, name, number of axes, axis
        assertThatThrownBy(() -> open(unknown)).hasMessageContaining("type number 99 is none of");
        assertThatThrownBy(() ->
                        open(
                                new GgufWriter()
                                        .tensor("w", new long[] {1L << 62}, GgufType.F32, row)
                                        .bytes()))
                .hasMessageContaining("tensor \"w\": too large");
    }

    private void open(byte[] file) throws IOException {
        StateDict.open(Files.write(folder.resolve("x.gguf"), file)).close();
    }

    private Path write(GgufWriter file) throws IOException {
        return Files.write(folder.resolve("x.gguf"), file.bytes());
    }

    private static byte[] floats(float... values) {
        ByteBuffer b = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        for (float v : values) {
            b.putFloat(v);
        }
        return b.array();
    }
}
