package org.dit4j.checkpoint;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Random;
import java.util.function.IntUnaryOperator;

/// A block packed number by number, the way ggml's own quantizers lay it out, and the numbers that
/// it then stands for.
final class GgufBlock {
    private static final float D = 0.25f;
    private static final float M = -1.5f;

    final ByteBuffer bytes;
    final float[] values;
    private final Random random = new Random(5);

    GgufBlock(GgufType type) {
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
