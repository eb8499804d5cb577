package org.dit4j.app.data;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.dit4j.data.DataException;
import org.dit4j.data.ImageFolder;

/// Copies of picture folders that somebody works on further.
public final class FolderCopy {
    private FolderCopy() {}

    /// Copies `folder` to `out` with all its files but hidden ones; if `out` is such a copy
    /// already, nothing happens.
    ///
    /// @throws DataException if `out` holds something else, or lies in `folder`
    public static void prepare(Path folder, Path out) {
        Path from = folder.toAbsolutePath().normalize();
        Path to = out.toAbsolutePath().normalize();
        DataException.require(
                !to.startsWith(from), "the copy %s must not be in the folder %s", out, folder);
        if (!Files.isRegularFile(to.resolve("metadata.jsonl"))) {
            NewFolder.write(out, part -> copy(from, part));
            return;
        }
        DataException.require(
                names(out).equals(names(folder)),
                "%s has other pictures than %s; choose another folder or remove it first",
                out,
                folder);
    }

    private static List<String> names(Path folder) {
        return ImageFolder.open(folder).examples().stream().map(ImageFolder.Example::file).toList();
    }

    private static int copy(Path from, Path part) throws IOException {
        int copied = 0;
        try (Stream<Path> files = Files.walk(from, FileVisitOption.FOLLOW_LINKS)) {
            for (Path file : (Iterable<Path>) files::iterator) {
                Path name = from.relativize(file);
                if (Files.isRegularFile(file) && !hidden(name)) {
                    Path copy = part.resolve(name);
                    Files.createDirectories(copy.getParent());
                    Files.copy(file, copy);
                    copied++;
                }
            }
        } catch (UncheckedIOException e) {
            throw new DataException("cannot read %s: %s".formatted(from, e.getMessage()), e);
        }
        return copied;
    }

    private static boolean hidden(Path name) {
        for (Path part : name) {
            if (part.toString().startsWith(".")) {
                return true;
            }
        }
        return false;
    }
}
