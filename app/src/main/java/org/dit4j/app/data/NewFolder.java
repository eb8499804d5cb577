package org.dit4j.app.data;

import java.io.IOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Stream;
import org.dit4j.data.DataException;

/// Writes folders that are either complete or not there: they are filled under another name beside
/// the final one and renamed.
public final class NewFolder {
    private NewFolder() {}

    /// What fills the folder.
    @FunctionalInterface
    public interface Body<T> {
        /// Writes everything into `folder` and returns what is to be known of it.
        T fill(Path folder) throws IOException;
    }

    /// Writes the folder `out`, which must not exist or be empty.
    ///
    /// @throws DataException if it holds something or could not be written; then nothing has
    ///   changed
    public static <T> T write(Path out, Body<T> body) {
        Path target = out.toAbsolutePath().normalize();
        requireFree(target, out);
        int random = ThreadLocalRandom.current().nextInt();
        Path part = target.resolveSibling(".%s.%08x.part".formatted(target.getFileName(), random));
        try {
            Files.createDirectories(part);
            T result = body.fill(part);
            Files.deleteIfExists(target);
            Files.move(part, target);
            return result;
        } catch (DirectoryNotEmptyException e) {
            throw new DataException(out + " has been filled by something else meanwhile", e);
        } catch (IOException e) {
            throw DataException.io("write", out, e);
        } finally {
            delete(part);
        }
    }

    /// Fails unless the folder does not exist or is empty.
    public static void requireFree(Path target, Path out) {
        DataException.require(target.getFileName() != null, "%s cannot be written", out);
        if (!Files.exists(target)) {
            return;
        }
        try (Stream<Path> inside = Files.list(target)) {
            DataException.require(
                    inside.findAny().isEmpty(),
                    "%s is not empty; choose another folder or remove it first",
                    out);
        } catch (IOException e) {
            throw DataException.io("read", out, e);
        }
    }

    private static void delete(Path part) {
        if (!Files.exists(part)) {
            return;
        }
        try (Stream<Path> all = Files.walk(part)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(path);
            }
        } catch (IOException e) {
            // the first error is the one to report
            return;
        }
    }
}
