package org.dit4j.conformance;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.Dit4jException;
import org.dit4j.checkpoint.JsonFields;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.checkpoint.Safetensors;
import org.dit4j.checkpoint.StateDict;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.Shapes;
import org.dit4j.tensor.TensorScope;
import tools.jackson.databind.JsonNode;

/// The weights of small models that the reference drew from a seed: a folder holds `weights.json`,
/// some kilobytes, in place of the file of weights.
///
/// `weights.json` has `seed`, `file` (the name of the file) and `tensors` in the order of the
/// draws, each with `name`, `shape`, `gain`, and, unless they are 0 and 1, `mean` and `fan_in`: a
/// tensor is `mean + gain * n / sqrt(fan_in)`, n standard normal of one generator. Tables that were
/// not drawn are in `tables.safetensors`. On processors whose logarithm rounds otherwise the last
/// bit may differ from the reference's weights.
public final class SeededWeights {
    private static final String RECIPE = "weights.json";
    private static final String TABLES = "tables.safetensors";
    private static final long LIMIT = 1L << 24; // elements of a tensor

    private SeededWeights() {}

    /// Returns whether a folder or one below it has weights to be drawn.
    static boolean isIn(Path folder) {
        return files(folder).stream().anyMatch(file -> file.endsWith(RECIPE));
    }

    /// Copies a model's folder with all below it, and draws the weights of each `weights.json`.
    ///
    /// @param to a new or an empty folder
    /// @throws Dit4jException if a `weights.json` cannot be used
    public static void expand(Path from, Path to) {
        for (Path file : files(from)) {
            Path copy = to.resolve(from.relativize(file));
            try {
                Files.createDirectories(copy.resolveSibling(""));
                if (file.endsWith(RECIPE)) {
                    draw(file, copy.resolveSibling(""));
                } else if (!file.endsWith(TABLES)) {
                    Files.copy(file, copy);
                }
            } catch (IOException e) {
                throw new UncheckedIOException("cannot copy " + file + " to " + copy, e);
            }
        }
    }

    /// Copies a model's folder into a new one among the system's temporary files; see [#expand].
    static Path expand(Path from) {
        try {
            Path to = Files.createTempDirectory("dit4j-case");
            try {
                expand(from, to);
                return to;
            } catch (RuntimeException e) {
                delete(to);
                throw e;
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot make a temporary folder", e);
        }
    }

    /// Deletes what [#expand(Path)] has made.
    static void delete(Path folder) {
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(path);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot delete folder " + folder, e);
        }
    }

    private static List<Path> files(Path folder) {
        try (Stream<Path> all = Files.walk(folder)) {
            return all.filter(Files::isRegularFile).sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read folder " + folder, e);
        }
    }

    private static void draw(Path recipe, Path to) {
        var fields = new JsonFields(JsonFile.tree(recipe), recipe);
        var weights = new LinkedHashMap<String, Tensor>();
        Path tables = recipe.resolveSibling(TABLES);
        try (var scope = TensorScope.open();
                var rng = Rng.seeded(fields.integer("seed"));
                var fixed = Files.exists(tables) ? StateDict.open(tables) : null) {
            fields.tree("tensors").forEach(json -> draw(json, recipe, rng, weights));
            if (fixed != null) {
                fixed.names().forEach(name -> weights.put(name, fixed.tensor(name)));
            }
            Path name = Path.of(fields.text("file")).getFileName();
            Safetensors.write(to.resolve(name), weights, Map.of());
        }
        fields.noOthers();
    }

    private static void draw(JsonNode json, Path recipe, Rng rng, Map<String, Tensor> weights) {
        var tensor = new JsonFields(json, recipe);
        String name = tensor.text("name");
        long[] shape = tensor.integers("shape").stream().mapToLong(n -> n).toArray();
        if (Shapes.count(shape) > LIMIT) {
            throw new Dit4jException(
                    "%s: tensor %s must have at most %d elements but has shape %s"
                            .formatted(recipe, name, LIMIT, Arrays.toString(shape)));
        }
        Tensor normal = Ops.mul(rng.normal(shape), tensor.number("gain"));
        Tensor scaled = Ops.div(normal, Math.sqrt(tensor.number("fan_in", 1)));
        weights.put(name, Ops.add(scaled, tensor.number("mean", 0)));
        tensor.noOthers();
    }
}
