package org.dit4j.conformance;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/// The name of a case and where its files lie.
///
/// @param file the json
/// @param name such as `diffusion/q_p`; the first part is one of the kinds' folders
record CasePath(Path file, String name) {
    private static final Set<String> KINDS =
            Set.of(
                    "diffusion",
                    "metrics",
                    "models",
                    "pipelines",
                    "schedulers",
                    "text",
                    "training",
                    "vae");

    static final String MODEL_CASE = "io.json";

    /// Names a case by what its json says (`case`, or `family` and `case` beside a model), else by
    /// its path.
    static CasePath of(Path file, JsonNode json) {
        String given = json.path("case").asString("");
        String family = json.path("family").asString("");
        if (isModel(file) && !family.isEmpty() && !given.isEmpty()) {
            return new CasePath(file, "models/" + family + "/" + given);
        }
        int slash = given.indexOf('/');
        boolean complete = slash > 0 && KINDS.contains(given.substring(0, slash));
        return complete ? new CasePath(file, given) : of(file);
    }

    /// Names a case by its path: from the last folder that is a kind on, else the last two parts.
    static CasePath of(Path file) {
        Path absolute = file.toAbsolutePath().normalize();
        Path bare = isModel(file) ? parent(absolute) : absolute.resolveSibling(stem(absolute));
        int from = Math.max(0, bare.getNameCount() - 2);
        for (int i = 0; i < bare.getNameCount() - 1; i++) {
            if (KINDS.contains(bare.getName(i).toString())) {
                from = i;
            }
        }
        List<String> parts =
                java.util.stream.IntStream.range(from, bare.getNameCount())
                        .mapToObj(i -> bare.getName(i).toString())
                        .toList();
        return new CasePath(file, String.join("/", parts));
    }

    Path folder() {
        return parent(file.toAbsolutePath().normalize());
    }

    Path tensors() {
        return file.resolveSibling(stem(file) + ".safetensors");
    }

    /// @param named `values.folder` of the json: a path from the case's folder or from the root of
    ///   all cases, with remarks behind it; may be empty
    Optional<Path> modelFolder(String named) {
        if (isModel(file)) {
            return Optional.of(folder());
        }
        String first = named.strip().split("\\s", 2)[0];
        Path root = folder();
        for (int depth = name.split("/").length - 1; depth > 0; depth--) {
            root = root.getParent() == null ? root : parent(root);
        }
        Path own = folder().resolve(stem(file));
        if (first.isEmpty()) {
            return Optional.of(own).filter(Files::isDirectory);
        }
        Path last = Path.of(first).getFileName();
        var candidates =
                List.of(root.resolve(first), folder().resolve(first), folder().resolve(last), own);
        return candidates.stream().filter(Files::isDirectory).findFirst();
    }

    static boolean isModel(Path file) {
        return file.endsWith(MODEL_CASE);
    }

    static String stem(Path file) {
        String name = String.valueOf(file.getFileName());
        int dot = name.lastIndexOf('.');
        return dot < 0 ? name : name.substring(0, dot);
    }

    private static Path parent(Path path) {
        Path parent = path.getParent();
        return parent == null ? path : parent;
    }
}
