package org.dit4j.codec;

import java.io.IOException;
import java.util.function.Consumer;
import org.bytedeco.javacpp.Pointer;
import org.jspecify.annotations.Nullable;

/// What FFmpeg allocated and does not free by itself.
///
/// @param free gives it back
record Owned<P extends Pointer>(P pointer, Consumer<P> free) implements AutoCloseable {
    /// What is to be done first.
    interface Setup<P> {
        void run(P pointer) throws IOException;
    }

    /// Takes what was allocated.
    ///
    /// @throws IOException if there is nothing
    static <P extends Pointer> Owned<P> of(@Nullable P pointer, String what, Consumer<P> free)
            throws IOException {
        return new Owned<>(Ffmpeg.require(pointer, what), free);
    }

    /// Returns this after `setup`; closes it if that fails.
    Owned<P> with(Setup<P> setup) throws IOException {
        boolean done = false;
        try {
            setup.run(pointer);
            done = true;
            return this;
        } finally {
            if (!done) {
                close();
            }
        }
    }

    @Override
    public void close() {
        free.accept(pointer);
    }
}
