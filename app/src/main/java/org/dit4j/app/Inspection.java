package org.dit4j.app;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.dit4j.ConfigException;
import org.dit4j.Dit4jException;
import org.dit4j.checkpoint.CheckpointException;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.checkpoint.Quantization;
import org.dit4j.checkpoint.StateDict;
import org.dit4j.model.Dit;
import org.dit4j.model.DitCheckpoint;
import org.dit4j.model.DitConfigs;
import tools.jackson.databind.JsonNode;

/// What can be said of a checkpoint without reading its tensors.
///
/// @param path what was inspected
/// @param family such as `DiT (diffusers)`, or the class that its configuration names, or `unknown`
/// @param config the configuration as the family's `config.json` has it; empty if there is none
/// @param trained elements of the trained tensors; 0 if the family is not known
/// @param metadata texts of the file
/// @param tensors type and shape of every tensor
record Inspection(
        Path path,
        String family,
        Map<String, Object> config,
        long trained,
        Map<String, String> metadata,
        Map<String, StateDict.Entry> tensors) {
    /// The tensors of one type.
    record Total(long tensors, long elements, long bytes) {
        private static final Total NONE = new Total(0, 0, 0);

        private Total plus(StateDict.Entry e) {
            return new Total(tensors + 1, elements + Inspection.elements(e), bytes + e.bytes());
        }
    }

    /// Layers that differ only in the number of their block.
    ///
    /// @param name such as `blocks.{0..27}.attn.qkv`
    /// @param count how many there are
    /// @param shapes of the tensors of one of them, such as `weight [3456, 1152]`
    /// @param total of all
    record Layer(String name, int count, List<String> shapes, Total total) {}

    /// Inspects a file or the folder of one network.
    ///
    /// @param weights entry of a training checkpoint; empty for its averaged weights
    static Inspection of(Path path, Optional<String> weights) {
        try (StateDict dict =
                Quantization.stored(
                        weights.isPresent()
                                ? StateDict.open(path, weights.get())
                                : StateDict.open(path))) {
            Map<String, StateDict.Entry> tensors = new LinkedHashMap<>();
            dict.names().forEach(name -> tensors.put(name, dict.entry(name)));
            var plain =
                    new Inspection(
                            path,
                            "unknown",
                            Map.of(),
                            0,
                            new LinkedHashMap<>(dict.metadata()),
                            tensors);
            return plain.recognised(weights);
        }
    }

    /// Returns the folders of a diffusers pipeline that hold weights, by name; empty if it is none.
    static Map<String, Path> components(Path path) {
        Path index = path.resolve("model_index.json");
        if (!Files.isRegularFile(index)) {
            return Map.of();
        }
        Map<String, Path> parts = new LinkedHashMap<>();
        for (var entry : JsonFile.tree(index).properties()) {
            Path folder = path.resolve(entry.getKey());
            boolean plain = entry.getKey().matches("[a-z0-9_]+");
            if (plain && entry.getValue().isArray() && Files.isDirectory(folder)) {
                parts.put(entry.getKey(), folder);
            }
        }
        ConfigException.require(!parts.isEmpty(), "%s: none of its parts is there", index);
        return parts;
    }

    private Inspection recognised(Optional<String> weights) {
        try (var dit = DitCheckpoint.open(path, weights.orElse(null))) {
            Dit.Config c = dit.config();
            String name = c.variant().dropSigma() ? "SiT" : "DiT";
            return switch (dit.layout()) {
                case ORIGINAL -> with(name, DitConfigs.json(c), trained(c));
                case DIFFUSERS ->
                        with(name + " (diffusers)", DitConfigs.diffusersJson(c), trained(c));
            };
        } catch (ConfigException e) {
            return with("DiT", Map.of("unknown", String.valueOf(e.getMessage())), 0);
        } catch (CheckpointException e) {
            return ofOtherFamily();
        }
    }

    private Inspection ofOtherFamily() {
        return Families.find(path)
                .map(f -> with(f.name(), f.config(), f.trained()))
                .orElseGet(this::ofConfigFile);
    }

    private static long trained(Dit.Config config) {
        return Families.count(source -> new Dit(source, config).parameters());
    }

    /// Another family: what its `config.json` says of itself.
    private Inspection ofConfigFile() {
        Path folder = Files.isDirectory(path) ? path : path.toAbsolutePath().getParent();
        Path file = folder == null ? Path.of("config.json") : folder.resolve("config.json");
        if (!Files.isRegularFile(file)) {
            return this;
        }
        JsonNode json = JsonFile.tree(file);
        if (!json.isObject()) {
            throw new Dit4jException(file + ": wanted a JSON object");
        }
        String name = json.path("_class_name").asString("");
        if (name.isEmpty()) {
            name = json.path("architectures").path(0).asString("unknown");
        }
        Map<String, Object> config = new LinkedHashMap<>();
        json.properties().forEach(e -> config.put(e.getKey(), e.getValue()));
        return with(name, config, 0);
    }

    private Inspection with(String name, Map<String, Object> settings, long count) {
        return new Inspection(path, name, settings, count, metadata, tensors);
    }

    /// Returns the number of all elements, those of fixed tables too.
    long elements() {
        return tensors.values().stream().mapToLong(Inspection::elements).sum();
    }

    /// Returns the size of all tensors.
    long bytes() {
        return tensors.values().stream().mapToLong(StateDict.Entry::bytes).sum();
    }

    /// Returns the tensors of each element type, by its name in PyTorch.
    Map<String, Total> dtypes() {
        Map<String, Total> totals = new TreeMap<>();
        tensors.values()
                .forEach(e ->
                        totals.merge(
                                e.dtype().torchName(), Total.NONE.plus(e), (a, _) -> a.plus(e)));
        return totals;
    }

    /// Returns the layers in the order of the file, those of the blocks together.
    List<Layer> layers() {
        Map<String, List<String>> families = new LinkedHashMap<>();
        for (String name : tensors.keySet()) {
            families.computeIfAbsent(family(layer(name)), _ -> new ArrayList<>()).add(name);
        }
        return families.entrySet().stream().map(e -> layer(e.getKey(), e.getValue())).toList();
    }

    private Layer layer(String family, List<String> names) {
        List<String> layers = names.stream().map(Inspection::layer).distinct().toList();
        String first = layers.getFirst();
        Total total = Total.NONE;
        for (String name : names) {
            total = total.plus(tensors.getOrDefault(name, NOTHING));
        }
        List<String> shapes =
                names.stream()
                        .filter(n -> layer(n).equals(first))
                        .map(n ->
                                n.substring(n.lastIndexOf('.') + 1)
                                        + " "
                                        + Arrays.toString(tensors.getOrDefault(n, NOTHING).shape()))
                        .toList();
        String shown =
                layers.size() == 1
                        ? first
                        : family.replaceFirst(
                                "\\{}",
                                "{" + number(first) + ".." + number(layers.getLast()) + "}");
        return new Layer(shown, layers.size(), shapes, total);
    }

    private static final StateDict.Entry NOTHING =
            new StateDict.Entry(org.dit4j.tensor.Dtype.UINT8, new long[0], 0);

    private static String layer(String tensor) {
        int dot = tensor.lastIndexOf('.');
        return dot < 0 ? tensor : tensor.substring(0, dot);
    }

    private static String family(String layer) {
        return layer.replaceFirst("\\.\\d+(?=\\.|$)", ".{}");
    }

    private static String number(String layer) {
        return layer.replaceFirst("^.*?\\.(\\d+)(\\..*)?$", "$1");
    }

    private static long elements(StateDict.Entry e) {
        return e.bytes() / e.dtype().bytes();
    }
}
