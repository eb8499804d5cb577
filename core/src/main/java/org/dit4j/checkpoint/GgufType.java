package org.dit4j.checkpoint;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Optional;

/// The element types of GGUF files: plain numbers, and blocks of small whole numbers with their
/// scales (ggml-org/ggml, `ggml-common.h` for the layouts, `ggml-quants.c` for what they mean).
///
/// Types of 32 numbers have a float16 scale d, those ending in 1 also a least value m; in the lower
/// halves of their bytes lie the first 16 numbers, in the upper halves the others. The `K` types
/// have 256 numbers in groups whose scales are whole numbers themselves.
enum GgufType {
    F32(0, 1, 4),
    F16(1, 1, 2),
    Q4_0(2, 32, 18),
    Q4_1(3, 32, 20),
    Q5_0(6, 32, 22),
    Q5_1(7, 32, 24),
    Q8_0(8, 32, 34),
    Q2_K(10, 256, 84),
    Q3_K(11, 256, 110),
    Q4_K(12, 256, 144),
    Q5_K(13, 256, 176),
    Q6_K(14, 256, 210),
    BF16(30, 1, 2);

    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT =
            ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final int number;
    private final int elements;
    private final int bytes;

    GgufType(int number, int elements, int bytes) {
        this.number = number;
        this.elements = elements;
        this.bytes = bytes;
    }

    /// Returns the type that files call by that number.
    static Optional<GgufType> of(int number) {
        return Arrays.stream(values()).filter(t -> t.number == number).findFirst();
    }

    /// Returns how many numbers a block holds.
    int elements() {
        return elements;
    }

    /// Returns the size of a block.
    int bytes() {
        return bytes;
    }

    /// Returns the numbers of the block that starts at byte `at` of `x`; not for plain types.
    void unpack(MemorySegment x, long at, float[] y) {
        switch (this) {
            case F32, F16, BF16 -> throw new IllegalStateException(this + " has no blocks");
            case Q4_0 -> nibbles(x, at + 2, -1, half(x, at), -8 * half(x, at), y);
            case Q4_1 -> nibbles(x, at + 4, -1, half(x, at), half(x, at + 2), y);
            case Q5_0 -> nibbles(x, at + 6, at + 2, half(x, at), -16 * half(x, at), y);
            case Q5_1 -> nibbles(x, at + 8, at + 4, half(x, at), half(x, at + 2), y);
            case Q8_0 -> {
                for (int i = 0; i < 32; i++) {
                    y[i] = half(x, at) * x.get(ValueLayout.JAVA_BYTE, at + 2 + i);
                }
            }
            case Q2_K -> q2(x, at, y);
            case Q3_K -> q3(x, at, y);
            case Q4_K -> q45(x, at, at + 16, -1, y);
            case Q5_K -> q45(x, at, at + 48, at + 16, y);
            case Q6_K -> q6(x, at, y);
        }
    }

    /// `d q + m` of 32 numbers of 4 bits, or of 5 whose upper bits lie at `high`.
    private static void nibbles(MemorySegment x, long low, long high, float d, float m, float[] y) {
        int fifth = high < 0 ? 0 : x.get(INT, high);
        for (int i = 0; i < 16; i++) {
            int b = at(x, low + i);
            y[i] = d * (b & 15 | (fifth >>> i & 1) << 4) + m;
            y[i + 16] = d * (b >> 4 | (fifth >>> i + 16 & 1) << 4) + m;
        }
    }

    /// 16 groups of 16 numbers of 2 bits; a byte holds scale (lower half) and minimum of a group.
    private static void q2(MemorySegment x, long at, float[] y) {
        float d = half(x, at + 80);
        float least = half(x, at + 82);
        for (int i = 0; i < 256; i++) {
            int scale = at(x, at + i / 16);
            y[i] = d * (scale & 15) * two(x, at + 16, i) - least * (scale >> 4);
        }
    }

    /// 16 groups of 16 numbers of 3 bits, the third one at the front, unset for minus 4; scales of
    /// 6 bits, minus 32.
    private static void q3(MemorySegment x, long at, float[] y) {
        float d = half(x, at + 108);
        for (int i = 0; i < 256; i++) {
            int group = i / 16;
            int low = at(x, at + 96 + group % 8) >> 4 * (group / 8) & 15;
            int high = at(x, at + 104 + group % 4) >> 2 * (group / 4) & 3;
            int third = at(x, at + i % 32) >> i / 32 & 1;
            y[i] = d * ((low | high << 4) - 32) * (two(x, at + 32, i) - 4 * (1 - third));
        }
    }

    /// 2 bits of number `i`: each 128 numbers lie in 32 bytes, the first 32 in the lowest bits.
    private static int two(MemorySegment x, long from, int i) {
        return at(x, from + i / 128 * 32L + i % 32) >> i % 128 / 32 * 2 & 3;
    }

    /// 8 groups of 32 numbers of 4 bits, or of 5 whose upper bits lie at `high`; scales and minima
    /// of 6 bits.
    private static void q45(MemorySegment x, long at, long low, long high, float[] y) {
        float d = half(x, at);
        float least = half(x, at + 2);
        for (int group = 0; group < 8; group++) {
            float scale = d * six(x, at + 4, group, 0);
            float minimum = least * six(x, at + 4, group, 4);
            for (int i = 0; i < 32; i++) {
                int q = at(x, low + group / 2 * 32L + i) >> group % 2 * 4 & 15;
                int fifth = high < 0 ? 0 : at(x, high + i) >> group & 1;
                y[32 * group + i] = scale * (q | fifth << 4) - minimum;
            }
        }
    }

    /// The scale (`shift` 0) or minimum (`shift` 4) of a group out of 12 bytes: for the first four
    /// groups the lower 6 bits of a byte; for the others 4 bits of the last four bytes and the 2
    /// upper bits that the first eight have left.
    private static int six(MemorySegment x, long from, int group, int shift) {
        if (group < 4) {
            return at(x, from + group + shift) & 63;
        }
        int low = at(x, from + 4 + group) >> shift & 15;
        return low | at(x, from + group - 4 + shift) >> 6 << 4;
    }

    /// 16 groups of 16 numbers of 6 bits, minus 32, with scales of 8 bits. Each 128 numbers have 64
    /// bytes of lower and 32 of upper bits.
    private static void q6(MemorySegment x, long at, float[] y) {
        float d = half(x, at + 208);
        for (int i = 0; i < 256; i++) {
            int part = i / 128;
            int j = i % 128;
            int low = at(x, at + 64L * part + j % 64) >> j / 64 * 4 & 15;
            int high = at(x, at + 128 + 32L * part + j % 32) >> j / 32 * 2 & 3;
            y[i] = d * x.get(ValueLayout.JAVA_BYTE, at + 192 + i / 16) * ((low | high << 4) - 32);
        }
    }

    private static int at(MemorySegment x, long at) {
        return x.get(ValueLayout.JAVA_BYTE, at) & 0xff;
    }

    private static float half(MemorySegment x, long at) {
        return Float.float16ToFloat(x.get(SHORT, at));
    }
}
