package org.dit4j.codec;

import static org.bytedeco.ffmpeg.global.avformat.AVSEEK_FORCE;
import static org.bytedeco.ffmpeg.global.avformat.AVSEEK_SIZE;
import static org.bytedeco.ffmpeg.global.avformat.avio_alloc_context;
import static org.bytedeco.ffmpeg.global.avformat.avio_context_free;
import static org.bytedeco.ffmpeg.global.avutil.av_free;
import static org.bytedeco.ffmpeg.global.avutil.av_malloc;
import static org.bytedeco.ffmpeg.presets.avutil.AVERROR_EIO;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import org.bytedeco.ffmpeg.avformat.AVIOContext;
import org.bytedeco.ffmpeg.avformat.Read_packet_Pointer_BytePointer_int;
import org.bytedeco.ffmpeg.avformat.Seek_Pointer_long_int;
import org.bytedeco.ffmpeg.avformat.Write_packet_Pointer_BytePointer_int;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;
import org.jspecify.annotations.Nullable;

/// Lets a container of FFmpeg write into a channel, and keeps the first error of the channel.
final class ChannelOutput implements AutoCloseable {
    private static final int BUFFER = 1 << 16;

    private final FileChannel channel;
    private final Write write = new Write();
    private final Seek seek = new Seek();
    private final AVIOContext context;
    private @Nullable IOException error;

    ChannelOutput(FileChannel channel) throws IOException {
        this.channel = channel;
        var buffer = new BytePointer(Ffmpeg.require(av_malloc(BUFFER), "memory"));
        Read_packet_Pointer_BytePointer_int none = null;
        context =
                Ffmpeg.require(
                        avio_alloc_context(buffer, BUFFER, 1, null, none, write, seek), "memory");
    }

    /// Returns what the container writes to; it belongs to this.
    AVIOContext context() {
        return context;
    }

    /// Fails if the channel did.
    void check() throws IOException {
        if (error != null) {
            throw error;
        }
    }

    private long attempt(Action action) {
        try {
            return action.run();
        } catch (IOException e) {
            if (error == null) {
                error = e;
            }
            return AVERROR_EIO();
        }
    }

    private interface Action {
        long run() throws IOException;
    }

    private final class Write extends Write_packet_Pointer_BytePointer_int {
        @Override
        public int call(Pointer opaque, BytePointer bytes, int size) {
            ByteBuffer buffer = bytes.limit(size).asByteBuffer();
            return (int)
                    attempt(() -> {
                        while (buffer.hasRemaining()) {
                            channel.write(buffer);
                        }
                        return size;
                    });
        }
    }

    private final class Seek extends Seek_Pointer_long_int {
        private static final int CURRENT = 1;
        private static final int END = 2;

        @Override
        public long call(Pointer opaque, long offset, int whence) {
            return attempt(() -> {
                int from = whence & ~AVSEEK_FORCE;
                if (from == AVSEEK_SIZE) {
                    return channel.size();
                }
                long start =
                        switch (from) {
                            case CURRENT -> channel.position();
                            case END -> channel.size();
                            default -> 0;
                        };
                return channel.position(start + offset).position();
            });
        }
    }

    @Override
    public void close() {
        av_free(context.buffer());
        avio_context_free(context);
        write.close();
        seek.close();
    }
}
