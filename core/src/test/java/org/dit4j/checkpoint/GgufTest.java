package org.dit4j.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.function.IntUnaryOperator;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Tensors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class GgufTest {
    private static final float D = 0.25f;
    private static final float M = -1.5f;

    @TempDir Path folder;

    /// A block packed number by number, the way ggml's own quantizers lay it out, and the numbers
    /// that it then stands for.
    private static final class Packed {
        final ByteBuffer bytes;
        final float[] values;
        private final Random random = new Random(5);

        Packed(GgufType type) {
            bytes = ByteBuffer.allocate(type.bytes()).order(ByteOrder.LITTLE_ENDIAN);
            values = new float[type.elements()];
            switch (type) {
                case Q4_0 -> halves(2, -1, q -> q - 8, false);
                case Q4_1 -> halves(4, -1, q -> q, true);
                case Q5_0 -> halves(6, 2, q -> q - 16, false);
                case Q5_1 -> halves(8, 4, q -> q, true);
                case Q8_0 -> q8();
                case Q2_K -> q2();
                case Q3_K -> q3();
                case Q4_K -> q45(16, -1);
                case Q5_K -> q45(48, 16);
                case Q6_K -> q6();
                case F32, F16, BF16 -> throw new IllegalArgumentException(type + " has no blocks");
            }
        }

        private int[] numbers(int n, int below) {
            return random.ints(n, 0, below).toArray();
        }

        private void half(int at, float value) {
            bytes.putShort(at, Float.floatToFloat16(value));
        }

        private void or(int at, int bits) {
            bytes.put(at, (byte) (bytes.get(at) | bits));
        }

        private void halves(int low, int high, IntUnaryOperator meaning, boolean minimum) {
            int[] q = numbers(32, high < 0 ? 16 : 32);
            half(0, D);
            if (minimum) {
                half(2, M);
            }
            int upper = 0;
            for (int j = 0; j < 16; j++) {
                or(low + j, q[j] & 15 | (q[j + 16] & 15) << 4);
                upper |= (q[j] & 16) >> 4 << j;
                upper |= (q[j + 16] & 16) >> 4 << j + 16;
            }
            if (high >= 0) {
                bytes.putInt(high, upper);
            }
            for (int i = 0; i < 32; i++) {
                values[i] = D * meaning.applyAsInt(q[i]) + (minimum ? M : 0);
            }
        }

        private void q8() {
            half(0, D);
            for (int i = 0; i < 32; i++) {
                int q = random.nextInt(-128, 128);
                bytes.put(2 + i, (byte) q);
                values[i] = D * q;
            }
        }

        private void pairs(int at, int[] q) {
            for (int j = 0; j < 256; j += 128) {
                for (int l = 0; l < 32; l++) {
                    int four = q[j + l] & 3 | (q[j + l + 32] & 3) << 2;
                    or(at + j / 4 + l, four | (q[j + l + 64] & 3) << 4 | (q[j + l + 96] & 3) << 6);
                }
            }
        }

        private void q2() {
            int[] q = numbers(256, 4);
            int[] scale = numbers(16, 16);
            int[] least = numbers(16, 16);
            for (int g = 0; g < 16; g++) {
                bytes.put(g, (byte) (scale[g] | least[g] << 4));
            }
            pairs(16, q);
            half(80, D);
            half(82, M);
            for (int i = 0; i < 256; i++) {
                values[i] = D * scale[i / 16] * q[i] - M * least[i / 16];
            }
        }

        private void q3() {
            int[] q = numbers(256, 8); // 4 more than the number
            int[] scale = numbers(16, 64); // 32 more
            pairs(32, q);
            int byteOfMask = 0;
            int mask = 1;
            for (int j = 0; j < 256; j++) {
                if (q[j] > 3) {
                    or(byteOfMask, mask);
                }
                if (++byteOfMask == 32) {
                    byteOfMask = 0;
                    mask <<= 1;
                }
            }
            for (int g = 0; g < 16; g++) {
                or(96 + (g < 8 ? g : g - 8), g < 8 ? scale[g] & 15 : (scale[g] & 15) << 4);
                or(104 + g % 4, scale[g] >> 4 << 2 * (g / 4));
            }
            half(108, D);
            for (int i = 0; i < 256; i++) {
                values[i] = D * (scale[i / 16] - 32) * (q[i] - 4);
            }
        }

        private void q45(int low, int high) {
            int[] q = numbers(256, high < 0 ? 16 : 32);
            int[] scale = numbers(8, 64);
            int[] least = numbers(8, 64);
            half(0, D);
            half(2, M);
            for (int j = 0; j < 4; j++) {
                or(4 + j, scale[j]);
                or(8 + j, least[j]);
            }
            for (int j = 4; j < 8; j++) {
                or(8 + j, scale[j] & 15 | (least[j] & 15) << 4);
                or(j, scale[j] >> 4 << 6);
                or(4 + j, least[j] >> 4 << 6);
            }
            for (int n = 0; n < 256; n += 64) {
                for (int j = 0; j < 32; j++) {
                    or(low + n / 2 + j, q[n + j] & 15 | (q[n + j + 32] & 15) << 4);
                    if (high >= 0) {
                        or(high + j, q[n + j] >> 4 << n / 32 | q[n + j + 32] >> 4 << n / 32 + 1);
                    }
                }
            }
            for (int i = 0; i < 256; i++) {
                values[i] = D * scale[i / 32] * q[i] - M * least[i / 32];
            }
        }

        private void q6() {
            int[] q = numbers(256, 64); // 32 more than the number
            for (int n = 0; n < 256; n += 128) {
                for (int l = 0; l < 32; l++) {
                    or(n / 2 + l, q[n + l] & 15 | (q[n + l + 64] & 15) << 4);
                    or(n / 2 + l + 32, q[n + l + 32] & 15 | (q[n + l + 96] & 15) << 4);
                    int upper = q[n + l] >> 4 | q[n + l + 32] >> 4 << 2;
                    or(128 + n / 4 + l, upper | q[n + l + 64] >> 4 << 4 | q[n + l + 96] >> 4 << 6);
                }
            }
            half(208, D);
            int[] scale = new int[16];
            for (int g = 0; g < 16; g++) {
                scale[g] = random.nextInt(-128, 128);
                bytes.put(192 + g, (byte) scale[g]);
            }
            for (int i = 0; i < 256; i++) {
                values[i] = D * scale[i / 16] * (q[i] - 32);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = GgufType.class,
            mode = EnumSource.Mode.EXCLUDE,
            names = {"F32", "F16", "BF16"})
    void blocksStandForTheNumbersThatWerePacked(GgufType type) throws IOException {
        var packed = new Packed(type);
        byte[] data = new byte[3 * type.bytes()];
        for (int i = 0; i < 3; i++) {
            packed.bytes.get(0, data, i * type.bytes(), type.bytes());
        }
        // three rows of one block: GGUF names the innermost axis first
        Path file = write(new File().tensor("w", new long[] {type.elements(), 3}, type, data));
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
                        new File()
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
                new File()
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
                        open(new File().tensor("w", new long[] {33}, GgufType.Q4_0, row).bytes()))
                .hasMessageContaining("tensor \"w\": rows of 33 are no blocks of Q4_0");
        byte[] unknown = new File().tensor("w", new long[] {32}, GgufType.Q4_0, row).bytes();
        unknown[24 + 8 + 1 + 4 + 8] = 99; // behind counts, name, number of axes, axis
        assertThatThrownBy(() -> open(unknown)).hasMessageContaining("type number 99 is none of");
        assertThatThrownBy(() ->
                        open(
                                new File()
                                        .tensor("w", new long[] {1L << 62}, GgufType.F32, row)
                                        .bytes()))
                .hasMessageContaining("tensor \"w\": too large");
    }

    private void open(byte[] file) throws IOException {
        StateDict.open(Files.write(folder.resolve("x.gguf"), file)).close();
    }

    private Path write(File file) throws IOException {
        return Files.write(folder.resolve("x.gguf"), file.bytes());
    }

    private static byte[] floats(float... values) {
        ByteBuffer b = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        for (float v : values) {
            b.putFloat(v);
        }
        return b.array();
    }

    /// Writes files as `docs/gguf.md` describes them.
    private static final class File {
        private final ByteArrayOutputStream pairs = new ByteArrayOutputStream();
        private final ByteArrayOutputStream tensors = new ByteArrayOutputStream();
        private final ByteArrayOutputStream data = new ByteArrayOutputStream();
        private int alignment = 32;
        private int pairCount;
        private int tensorCount;

        File pair(String key, String value) {
            return pair(key, 8, ints(8, value.length()), value.getBytes(StandardCharsets.UTF_8));
        }

        File pair(String key, int value) {
            alignment = key.equals("general.alignment") ? value : alignment;
            return pair(key, 4, ints(4, value), new byte[0]);
        }

        File shape(String key, int... shape) {
            var values = new ByteArrayOutputStream();
            for (int n : shape) {
                values.writeBytes(ints(4, n));
            }
            var head = new ByteArrayOutputStream();
            head.writeBytes(ints(4, 5));
            head.writeBytes(ints(8, shape.length));
            return pair(key, 9, head.toByteArray(), values.toByteArray());
        }

        private File pair(String key, int type, byte[] head, byte[] value) {
            text(pairs, key);
            pairs.writeBytes(ints(4, type));
            pairs.writeBytes(head);
            pairs.writeBytes(value);
            pairCount++;
            return this;
        }

        File tensor(String name, long[] axes, GgufType type, byte[] values) {
            pad(data);
            text(tensors, name);
            tensors.writeBytes(ints(4, axes.length));
            for (long n : axes) {
                tensors.writeBytes(ints(8, n));
            }
            int number =
                    switch (type) {
                        case F32 -> 0;
                        case F16 -> 1;
                        case Q4_0 -> 2;
                        case Q4_1 -> 3;
                        case Q5_0 -> 6;
                        case Q5_1 -> 7;
                        case Q8_0 -> 8;
                        case Q2_K -> 10;
                        case Q3_K -> 11;
                        case Q4_K -> 12;
                        case Q5_K -> 13;
                        case Q6_K -> 14;
                        case BF16 -> 30;
                    };
            tensors.writeBytes(ints(4, number));
            tensors.writeBytes(ints(8, data.size()));
            data.writeBytes(values);
            tensorCount++;
            return this;
        }

        byte[] bytes() {
            var all = new ByteArrayOutputStream();
            all.writeBytes("GGUF".getBytes(StandardCharsets.US_ASCII));
            all.writeBytes(ints(4, 3));
            all.writeBytes(ints(8, tensorCount));
            all.writeBytes(ints(8, pairCount));
            all.writeBytes(pairs.toByteArray());
            all.writeBytes(tensors.toByteArray());
            pad(all);
            all.writeBytes(data.toByteArray());
            return all.toByteArray();
        }

        private void pad(ByteArrayOutputStream out) {
            while (out.size() % alignment != 0) {
                out.write(0);
            }
        }

        private static void text(ByteArrayOutputStream out, String text) {
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            out.writeBytes(ints(8, bytes.length));
            out.writeBytes(bytes);
        }

        private static byte[] ints(int width, long value) {
            byte[] all =
                    ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(value).array();
            return Arrays.copyOf(all, width);
        }
    }
}
