package org.dit4j.codec;

import static org.bytedeco.ffmpeg.global.avutil.AV_LOG_QUIET;
import static org.bytedeco.ffmpeg.global.avutil.av_log_set_level;
import static org.bytedeco.ffmpeg.global.avutil.av_opt_set_int;
import static org.bytedeco.ffmpeg.global.avutil.av_strerror;

import java.io.IOException;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;
import org.jspecify.annotations.Nullable;

/// How FFmpeg reports errors.
final class Ffmpeg {
    private static final int TEXT = 256;

    private Ffmpeg() {}

    /// Loads the library, which then prints nothing.
    ///
    /// @throws IOException if there is none for this machine
    static void load() throws IOException {
        try {
            av_log_set_level(AV_LOG_QUIET);
        } catch (LinkageError e) {
            throw new IOException("FFmpeg does not load on this machine: " + e.getMessage(), e);
        }
    }

    /// Returns `code`, which counts or is 0.
    ///
    /// @param what was to be done
    /// @throws IOException if it is an error
    static int check(int code, String what) throws IOException {
        if (code < 0) {
            throw new IOException("%s: %s".formatted(what, text(code)));
        }
        return code;
    }

    /// Returns what was allocated.
    ///
    /// @throws IOException if there was no memory for it, or no such thing
    static <P extends Pointer> P require(@Nullable P pointer, String what) throws IOException {
        if (pointer == null || pointer.isNull()) {
            throw new IOException("FFmpeg has no " + what);
        }
        return pointer;
    }

    /// Sets an option of an encoder or container.
    static void option(Pointer of, String name, long value) throws IOException {
        check(av_opt_set_int(of, name, value, 0), "the option " + name);
    }

    private static String text(int code) {
        try (var text = new BytePointer(TEXT)) {
            av_strerror(code, text, TEXT);
            return text.getString();
        }
    }
}
