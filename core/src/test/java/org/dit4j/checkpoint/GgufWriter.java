package org.dit4j.checkpoint;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// Writes files as `docs/gguf.md` describes them.
final class GgufWriter {
    private final ByteArrayOutputStream pairs = new ByteArrayOutputStream();
    private final ByteArrayOutputStream tensors = new ByteArrayOutputStream();
    private final ByteArrayOutputStream data = new ByteArrayOutputStream();
    private int alignment = 32;
    private int pairCount;
    private int tensorCount;

    GgufWriter pair(String key, String value) {
        return pair(key, 8, ints(8, value.length()), value.getBytes(StandardCharsets.UTF_8));
    }

    GgufWriter pair(String key, int value) {
        alignment = key.equals("general.alignment") ? value : alignment;
        return pair(key, 4, ints(4, value), new byte[0]);
    }

    GgufWriter shape(String key, int... shape) {
        var values = new ByteArrayOutputStream();
        for (int n : shape) {
            values.writeBytes(ints(4, n));
        }
        var head = new ByteArrayOutputStream();
        head.writeBytes(ints(4, 5));
        head.writeBytes(ints(8, shape.length));
        return pair(key, 9, head.toByteArray(), values.toByteArray());
    }

    private GgufWriter pair(String key, int type, byte[] head, byte[] value) {
        text(pairs, key);
        pairs.writeBytes(ints(4, type));
        pairs.writeBytes(head);
        pairs.writeBytes(value);
        pairCount++;
        return this;
    }

    GgufWriter tensor(String name, long[] axes, GgufType type, byte[] values) {
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
        byte[] all = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(value).array();
        return Arrays.copyOf(all, width);
    }
}
