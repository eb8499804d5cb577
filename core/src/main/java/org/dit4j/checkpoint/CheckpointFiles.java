package org.dit4j.checkpoint;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.dit4j.ConfigException;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/// Finds the checkpoint in what a user names: a file, a shard index, or a folder.
final class CheckpointFiles {
    private static final String INDEX = ".safetensors.index.json";
    private static final String GGUF = ".gguf";
    private static final List<String> USUAL =
            List.of("diffusion_pytorch_model.safetensors", "model.safetensors");

    private static final List<String> TORCH = List.of(".pt", ".pth", ".ckpt", ".bin");

    private CheckpointFiles() {}

    /// Opens what [#find] finds.
    ///
    /// @param weights see [StateDict#open(Path, String)]
    static StateDict open(Path path, @Nullable String weights) {
        Path file = find(path);
        String name = String.valueOf(file.getFileName());
        if (isTorch(name)) {
            return TorchFile.open(file, weights);
        }
        if (weights != null) {
            throw new CheckpointException(
                    "%s: only a training checkpoint (.pt) has \"%s\" to choose"
                            .formatted(file, weights));
        }
        if (name.endsWith(INDEX)) {
            return Quantization.recognise(openSharded(file));
        }
        if (name.endsWith(".safetensors")) {
            return Quantization.recognise(Safetensors.open(file));
        }
        if (name.endsWith(GGUF)) {
            return Gguf.open(file);
        }
        throw new CheckpointException(
                "%s: a checkpoint ends in .safetensors, %s, %s or %s"
                        .formatted(file, INDEX, GGUF, String.join(", ", TORCH)));
    }

    /// Returns `path` if it is a file, or the checkpoint of the folder `path`; of a diffusers
    /// pipeline that of its `transformer`.
    static Path find(Path path) {
        if (Files.isDirectory(path)) {
            Path network = path.resolve("transformer");
            boolean pipeline =
                    Files.isRegularFile(path.resolve("model_index.json"))
                            && Files.isDirectory(network);
            return choose(pipeline ? network : path);
        }
        if (!Files.exists(path)) {
            throw new CheckpointException("there is no file or folder " + path);
        }
        return path;
    }

    private static boolean isTorch(String name) {
        return TORCH.stream().anyMatch(name::endsWith);
    }

    /// Picks the checkpoint of a folder: the usual names first, then an index, then the only file
    /// of a known kind.
    private static Path choose(Path folder) {
        List<String> found = list(folder);
        for (String usual : USUAL) {
            if (found.contains(usual)) {
                return folder.resolve(usual);
            }
        }
        for (List<String> kind :
                List.of(
                        ending(found, INDEX),
                        ending(found, ".safetensors"),
                        ending(found, GGUF),
                        ending(found, TORCH.toArray(String[]::new)))) {
            if (kind.size() == 1) {
                return folder.resolve(kind.getFirst());
            }
            if (kind.size() > 1) {
                throw new CheckpointException(
                        "%s: which of these is meant? %s".formatted(folder, brief(kind)));
            }
        }
        throw new CheckpointException(
                "%s: no checkpoint here (wanted %s, *%s); found: %s"
                        .formatted(
                                folder,
                                String.join(", ", USUAL),
                                INDEX,
                                found.isEmpty() ? "nothing" : brief(found)));
    }

    private static List<String> list(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(p -> p.getFileName() + (Files.isDirectory(p) ? "/" : ""))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw CheckpointException.io("read", folder, e);
        }
    }

    private static List<String> ending(List<String> names, String... ends) {
        return names.stream().filter(n -> Stream.of(ends).anyMatch(n::endsWith)).toList();
    }

    private static String brief(List<String> names) {
        int shown = Math.min(12, names.size());
        return String.join(", ", names.subList(0, shown))
                + (shown < names.size() ? " and " + (names.size() - shown) + " more" : "");
    }

    /// Opens all shards of an index: `{"weight_map": {tensor: file}}`.
    private static StateDict openSharded(Path index) {
        Map<String, String> map = weightMap(index);
        Set<String> shards = new LinkedHashSet<>(map.values());
        List<StateDict> open = new ArrayList<>();
        try {
            Map<String, StateDict.Item> items = new LinkedHashMap<>();
            Map<String, String> home = new LinkedHashMap<>();
            for (String shard : shards) {
                StateDict dict = Safetensors.open(index.resolveSibling(shard));
                open.add(dict);
                for (String name : dict.names()) {
                    String other = home.putIfAbsent(name, shard);
                    if (other != null) {
                        throw new CheckpointException(
                                "%s: tensor \"%s\" is both in %s and in %s"
                                        .formatted(
                                                index,
                                                SafetensorsHeader.shown(name),
                                                other,
                                                shard));
                    }
                    items.put(name, dict.item(name));
                }
            }
            map.forEach((name, shard) -> {
                if (!shard.equals(home.get(name))) {
                    throw new CheckpointException(
                            "%s: tensor \"%s\" is not in %s"
                                    .formatted(index, SafetensorsHeader.shown(name), shard));
                }
            });
            return new StateDict(index, items, open.getFirst().metadata(), open);
        } catch (RuntimeException e) {
            open.forEach(StateDict::close);
            throw e;
        }
    }

    private static Map<String, String> weightMap(Path index) {
        JsonNode map = JsonFile.tree(index).path("weight_map");
        ConfigException.require(map.isObject() && !map.isEmpty(), "%s: has no weight_map", index);
        Map<String, String> files = new LinkedHashMap<>();
        map.properties()
                .forEach(e -> {
                    String file = e.getValue().isString() ? e.getValue().asString() : "";
                    // a plain name beside the index, never a path to somewhere else
                    if (!file.matches("[^/\\\\\\p{Cntrl}]+\\.safetensors")) {
                        throw new CheckpointException(
                                "%s: \"%s\" is not the name of a file beside the index"
                                        .formatted(index, SafetensorsHeader.shown(file)));
                    }
                    files.put(e.getKey(), file);
                });
        return files;
    }
}
