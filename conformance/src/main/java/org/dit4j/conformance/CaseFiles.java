package org.dit4j.conformance;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.dit4j.ConfigException;

/// Finds the json files of the cases below the paths that a user gives.
final class CaseFiles {
    /// Every case's json says where it comes from near its beginning; no configuration does.
    private static final String MARK = "\"reference\"";

    private static final int HEAD = 8192;

    private CaseFiles() {}

    /// Returns the cases, without repeats, sorted by their paths.
    ///
    /// @throws ConfigException if a path does not exist or holds no case
    static List<Path> find(List<Path> paths) {
        var found = new TreeMap<Path, Path>();
        for (Path path : paths) {
            List<Path> cases = at(path);
            ConfigException.require(
                    !cases.isEmpty() || (paths.size() > 1 && isStray(path)),
                    "there is no reference case at %s",
                    path);
            cases.forEach(c -> found.putIfAbsent(c.toAbsolutePath().normalize(), c));
        }
        ConfigException.require(!found.isEmpty(), "there is no reference case at %s", paths);
        return List.copyOf(found.values());
    }

    /// A shell's `*` also gives the read-me and other files beside the cases.
    private static boolean isStray(Path path) {
        return Files.isRegularFile(path);
    }

    private static List<Path> at(Path path) {
        if (Files.isDirectory(path)) {
            List<Path> below = below(path);
            return below.isEmpty() ? file(withJson(path)) : below;
        }
        Path json = path.toString().endsWith(".json") ? path : withJson(path);
        if (!Files.exists(path) && !Files.exists(json)) {
            throw new ConfigException("no such file or folder: " + path);
        }
        String name = String.valueOf(path.getFileName());
        return name.endsWith(".safetensors")
                ? file(path.resolveSibling(CasePath.stem(path) + ".json"))
                : file(json);
    }

    private static Path withJson(Path path) {
        Path whole = path.toAbsolutePath().normalize();
        return whole.resolveSibling(whole.getFileName() + ".json");
    }

    private static List<Path> file(Path json) {
        return isCase(json) ? List.of(json) : List.of();
    }

    private static List<Path> below(Path folder) {
        try (Stream<Path> files = Files.walk(folder)) {
            var cases = new ArrayList<>(files.filter(CaseFiles::isCase).toList());
            cases.sort(Comparator.naturalOrder());
            return cases;
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read folder " + folder, e);
        }
    }

    private static boolean isCase(Path file) {
        if (!file.toString().endsWith(".json") || !Files.isRegularFile(file)) {
            return false;
        }
        return Files.exists(file.resolveSibling(CasePath.stem(file) + ".safetensors"))
                || head(file).contains(MARK);
    }

    private static String head(Path file) {
        try (var in = Files.newInputStream(file)) {
            return new String(in.readNBytes(HEAD), java.nio.charset.StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + file, e);
        }
    }
}
