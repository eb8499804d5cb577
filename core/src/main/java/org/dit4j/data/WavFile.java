package org.dit4j.data;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.dit4j.checkpoint.AtomicFile;

/// Writes WAV files (Multimedia Programming Interface and Data Specifications 1.0, and its new
/// formats of 1994).
public final class WavFile {
    private static final int BUFFER = 1 << 16;
    private static final int HEADER = 58; // with everything that may stand before the samples
    private static final long MAX_BYTES = 0xffff_ffffL - HEADER;

    /// How a sample is stored.
    public enum Format {
        /// Whole numbers of 16 bits: `round(32767 x)`, where x beyond 1 counts as 1.
        PCM_16(1, 2),
        /// As it is.
        FLOAT_32(3, 4);

        private final int tag;
        private final int bytes;

        Format(int tag, int bytes) {
            this.tag = tag;
            this.bytes = bytes;
        }
    }

    private WavFile() {}

    /// Writes a file, completely or not at all.
    ///
    /// @throws DataException if the sound is longer than the format can hold, 4 GB
    /// @throws org.dit4j.checkpoint.CheckpointException if it could not be written
    public static void write(Path path, Sound sound, Format format) {
        long bytes = (long) sound.frames() * sound.channels() * format.bytes;
        DataException.require(
                bytes <= MAX_BYTES, "%s: a WAV file holds at most 4 GB, not %d bytes", path, bytes);
        AtomicFile.write(
                path,
                channel -> {
                    writeFully(channel, header(sound, format, bytes));
                    writeSamples(channel, sound, format);
                });
    }

    private static ByteBuffer header(Sound sound, Format format, long bytes) {
        boolean pcm = format == Format.PCM_16;
        int frameBytes = sound.channels() * format.bytes;
        ByteBuffer header = ByteBuffer.allocate(HEADER).order(ByteOrder.LITTLE_ENDIAN);
        // the sizes are unsigned; other formats than whole numbers also say their frames
        name(header, "RIFF").putInt((int) (bytes + (pcm ? 36 : 50)));
        name(name(header, "WAVE"), "fmt ").putInt(pcm ? 16 : 18);
        header.putShort((short) format.tag).putShort((short) sound.channels());
        header.putInt(sound.rate()).putInt((int) ((long) sound.rate() * frameBytes));
        header.putShort((short) frameBytes).putShort((short) (8 * format.bytes));
        if (!pcm) {
            name(header.putShort((short) 0), "fact").putInt(4).putInt(sound.frames());
        }
        return name(header, "data").putInt((int) bytes).flip();
    }

    private static ByteBuffer name(ByteBuffer buffer, String name) {
        return buffer.put(name.getBytes(StandardCharsets.US_ASCII));
    }

    private static void writeSamples(FileChannel channel, Sound sound, Format format)
            throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(BUFFER).order(ByteOrder.LITTLE_ENDIAN);
        for (int frame = 0; frame < sound.frames(); frame++) {
            for (int c = 0; c < sound.channels(); c++) {
                if (buffer.remaining() < format.bytes) {
                    writeFully(channel, buffer.flip());
                    buffer.clear();
                }
                float x = sound.sample(c, frame);
                switch (format) {
                    case PCM_16 -> buffer.putShort(whole(x));
                    case FLOAT_32 -> buffer.putFloat(x);
                }
            }
        }
        writeFully(channel, buffer.flip());
    }

    private static short whole(float x) {
        return (short) Math.rint(32767.0 * Math.clamp(x, -1, 1));
    }

    private static void writeFully(FileChannel channel, ByteBuffer buffer) throws IOException {
        while (buffer.hasRemaining()) {
            channel.write(buffer);
        }
    }
}
