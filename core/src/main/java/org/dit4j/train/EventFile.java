package org.dit4j.train;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.zip.CRC32C;
import org.dit4j.checkpoint.CheckpointException;

/// A TensorBoard event file of scalars: TFRecords of `Event` messages (tensorflow
/// `core/util/event.proto`, `core/framework/summary.proto`), written by hand since nothing else of
/// TensorFlow is needed.
final class EventFile implements AutoCloseable {
    private final Path path;
    private final FileChannel channel;

    /// Creates `events.out.tfevents.<seconds>.dit4j.<step>` in `folder`.
    EventFile(Path folder, double seconds, long step) {
        path =
                folder.resolve(
                        "events.out.tfevents.%010d.dit4j.%08d".formatted((long) seconds, step));
        try {
            Files.createDirectories(folder);
            channel =
                    FileChannel.open(
                            path,
                            StandardOpenOption.CREATE,
                            StandardOpenOption.WRITE,
                            StandardOpenOption.TRUNCATE_EXISTING);
            var event = new ByteArrayOutputStream();
            number(event, 1, seconds);
            bytes(event, 3, "brain.Event:2".getBytes(StandardCharsets.UTF_8));
            record(event.toByteArray());
        } catch (IOException e) {
            throw CheckpointException.io("write", path, e);
        }
    }

    /// Adds one scalar.
    void scalar(String tag, double value, long step, double seconds) {
        var entry = new ByteArrayOutputStream();
        bytes(entry, 1, tag.getBytes(StandardCharsets.UTF_8));
        entry.write(2 << 3 | 5);
        entry.writeBytes(little(4).putFloat((float) value).array());
        var summary = new ByteArrayOutputStream();
        bytes(summary, 1, entry.toByteArray());
        var event = new ByteArrayOutputStream();
        number(event, 1, seconds);
        event.write(2 << 3);
        varint(event, step);
        bytes(event, 5, summary.toByteArray());
        try {
            record(event.toByteArray());
        } catch (IOException e) {
            throw CheckpointException.io("write", path, e);
        }
    }

    private void record(byte[] data) throws IOException {
        byte[] length = little(8).putLong(data.length).array();
        ByteBuffer all =
                little(16 + data.length)
                        .put(length)
                        .putInt(mask(length))
                        .put(data)
                        .putInt(mask(data))
                        .flip();
        while (all.hasRemaining()) {
            channel.write(all);
        }
    }

    /// The masked CRC-32C of TFRecord files.
    private static int mask(byte[] data) {
        var crc = new CRC32C();
        crc.update(data);
        long x = crc.getValue();
        return (int) ((x >>> 15 | x << 17) + 0xa282ead8L);
    }

    private static void number(ByteArrayOutputStream out, int field, double value) {
        out.write(field << 3 | 1);
        out.writeBytes(little(8).putDouble(value).array());
    }

    private static void bytes(ByteArrayOutputStream out, int field, byte[] value) {
        out.write(field << 3 | 2);
        varint(out, value.length);
        out.writeBytes(value);
    }

    private static void varint(ByteArrayOutputStream out, long value) {
        long rest = value;
        while (rest > 127) {
            out.write((int) (rest & 127 | 128));
            rest >>>= 7;
        }
        out.write((int) rest);
    }

    private static ByteBuffer little(int size) {
        return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw CheckpointException.io("write", path, e);
        }
    }
}
