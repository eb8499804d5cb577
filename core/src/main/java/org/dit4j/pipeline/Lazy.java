package org.dit4j.pipeline;

import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// A part of a pipeline that is opened when it is first needed, and may be given up in between.
/// Thread-safe.
///
/// @param <T> type of the part
final class Lazy<T extends AutoCloseable> implements AutoCloseable {
    private final Supplier<T> opener;
    private @Nullable T part;

    Lazy(Supplier<T> opener) {
        this.opener = opener;
    }

    /// Returns the part. Borrowed until [#close].
    synchronized T get() {
        T open = part;
        if (open == null) {
            open = opener.get();
            part = open;
        }
        return open;
    }

    /// Frees the part; it is opened again if it is needed again.
    @Override
    public synchronized void close() {
        T open = part;
        part = null;
        if (open != null) {
            PipelineFolder.close(open);
        }
    }
}
