package org.dit4j.checkpoint;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.ThreadLocalRandom;

/// Writes files that are either complete or not there: the bytes go to a file beside the final one,
/// are forced to the disk, and the file is renamed.
///
/// A write that fails (full disk, exception, killed process) leaves the file of that name as it
/// was.
public final class AtomicFile {
    private AtomicFile() {}

    /// What fills the file.
    @FunctionalInterface
    public interface Body {
        /// Writes the whole content to `channel`.
        void write(FileChannel channel) throws IOException;
    }

    /// What fills the file, as a stream.
    @FunctionalInterface
    public interface StreamBody {
        /// Writes the whole content to `out`, which need not be closed.
        void write(OutputStream out) throws IOException;
    }

    /// Writes the file `path`, creating its folder if needed.
    ///
    /// @throws CheckpointException if it could not be written; then nothing has changed
    public static void write(Path path, Body body) {
        Path target = path.toAbsolutePath();
        Path folder = target.getParent();
        if (folder == null) {
            throw new CheckpointException("cannot write " + path + ": it is not a file");
        }
        Path part =
                folder.resolve(
                        ".%s.%08x.part"
                                .formatted(
                                        target.getFileName(),
                                        ThreadLocalRandom.current().nextInt()));
        boolean done = false;
        try {
            Files.createDirectories(folder);
            fill(part, body);
            rename(part, target);
            done = true;
            force(folder);
        } catch (IOException e) {
            throw CheckpointException.io("write", path, e);
        } finally {
            if (!done) {
                delete(part);
            }
        }
    }

    /// Writes the file `path` through a stream.
    ///
    /// @throws CheckpointException if it could not be written; then nothing has changed
    public static void writeStream(Path path, StreamBody body) {
        write(
                path,
                channel -> {
                    var out = new java.io.BufferedOutputStream(Channels.newOutputStream(channel));
                    body.write(out);
                    out.flush();
                });
    }

    private static void fill(Path part, Body body) throws IOException {
        try (var channel =
                FileChannel.open(part, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            body.write(channel);
            channel.force(true);
        }
    }

    private static void rename(Path part, Path target) throws IOException {
        try {
            Files.move(
                    part,
                    target,
                    StandardCopyOption.ATOMIC_MOVE,
                    StandardCopyOption.REPLACE_EXISTING);
        } catch (AtomicMoveNotSupportedException e) {
            Files.move(part, target, StandardCopyOption.REPLACE_EXISTING);
        }
    }

    /// Makes the new name itself durable, where the system can open a folder as a file.
    private static void force(Path folder) {
        try (var channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        } catch (IOException e) {
            // Windows has no such thing; the rename is atomic all the same
            return;
        }
    }

    private static void delete(Path part) {
        try {
            Files.deleteIfExists(part);
        } catch (IOException e) {
            // the first error is the one to report
            return;
        }
    }
}
