package org.dit4j.checkpoint;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Stream;

/// Writes folders that are either complete or not there: everything goes into a folder beside the
/// final one, which is renamed in the end.
public final class AtomicFolder {
    private AtomicFolder() {}

    /// What fills the folder.
    @FunctionalInterface
    public interface Body {
        /// Writes all files into `folder`, which is empty.
        void write(Path folder) throws IOException;
    }

    /// Writes the folder `path`, creating the folders above it if needed.
    ///
    /// @throws CheckpointException if there is something of that name, other than an empty folder,
    ///   or it could not be written; then nothing has changed
    public static void write(Path path, Body body) {
        Path target = path.toAbsolutePath().normalize();
        Path above = target.getParent();
        if (above == null) {
            throw new CheckpointException("cannot write " + path + ": it is no new folder");
        }
        requireFree(path);
        Path part =
                above.resolve(
                        ".%s.%08x.part"
                                .formatted(
                                        target.getFileName(),
                                        ThreadLocalRandom.current().nextInt()));
        boolean done = false;
        try {
            Files.createDirectories(above);
            Files.createDirectory(part);
            body.write(part);
            Files.deleteIfExists(target); // only an empty one
            Files.move(part, target);
            done = true;
        } catch (IOException e) {
            throw CheckpointException.io("write", path, e);
        } finally {
            if (!done) {
                delete(part);
            }
        }
    }

    /// Fails unless a folder of that name can be written.
    ///
    /// @throws CheckpointException if there is something of that name, other than an empty folder
    public static void requireFree(Path path) {
        try {
            if (Files.isDirectory(path)) {
                try (Stream<Path> files = Files.list(path)) {
                    if (files.findAny().isEmpty()) {
                        return;
                    }
                }
            }
        } catch (IOException e) {
            throw CheckpointException.io("read", path, e);
        }
        if (Files.exists(path)) {
            throw new CheckpointException(path + " exists; choose another name or remove it");
        }
    }

    private static void delete(Path folder) {
        try (Stream<Path> all = Files.walk(folder)) {
            List<Path> files = all.sorted(Comparator.reverseOrder()).toList();
            for (Path file : files) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            // the first error is the one to report
            return;
        }
    }
}
