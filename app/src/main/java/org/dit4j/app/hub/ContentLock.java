package org.dit4j.app.hub;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.dit4j.checkpoint.CheckpointException;
import org.jspecify.annotations.Nullable;

/// The right to fetch a content, which one process has at a time. The file stays, as Python's do;
/// the lock itself ends with the process. (Python's lock is of another sort on Linux, so it and we
/// may fetch the same content at once: each into a file of its own, and the last one stays.)
final class ContentLock implements AutoCloseable {
    private static final long POLL_MILLIS = 200;

    private final FileChannel channel;
    private final FileLock lock;

    private ContentLock(FileChannel channel, FileLock lock) {
        this.channel = channel;
        this.lock = lock;
    }

    /// Waits for the lock.
    ///
    /// @param waiting is run once if another has it
    static ContentLock acquire(Path file, Runnable waiting) {
        try {
            Files.createDirectories(file.toAbsolutePath().getParent());
            FileChannel channel =
                    FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            @Nullable FileLock lock = tryLock(channel);
            if (lock == null) {
                waiting.run();
            }
            while (lock == null) {
                Thread.sleep(POLL_MILLIS);
                lock = tryLock(channel);
            }
            return new ContentLock(channel, lock);
        } catch (IOException e) {
            throw CheckpointException.io("lock", file, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new HubException("interrupted", e);
        }
    }

    private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
        try {
            return channel.tryLock();
        } catch (OverlappingFileLockException e) {
            return null; // another thread of this process has it
        }
    }

    @Override
    public void close() {
        try (channel) {
            lock.release();
        } catch (IOException e) {
            throw new HubException("a lock cannot be released", e);
        }
    }
}
