package org.dit4j.checkpoint;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Writes checkpoints as Hugging Face's tools do: up to a size as one safetensors file, beyond it
/// as several with an index of where each tensor is.
public final class Shards {
    /// The most bytes of tensors in a file (diffusers' `save_pretrained`: "10GB").
    public static final long LIMIT = 10_000_000_000L;

    private static final String ENDING = ".safetensors";

    private Shards() {}

    /// Writes `name.safetensors`, or its shards and `name.safetensors.index.json`. Each file is
    /// complete or not there, and the index comes last. What a folder had of the other kind under
    /// that name is removed, so that it is not read instead.
    ///
    /// @param name without its ending
    /// @param limit bytes of tensors in a file; a larger tensor has one of its own
    /// @return the file to open
    /// @throws CheckpointException if something could not be written
    public static Path write(Path folder, String name, StateDict tensors, long limit) {
        List<List<String>> shards = split(tensors, limit);
        Path single = folder.resolve(name + ENDING);
        Path index = folder.resolve(name + ENDING + ".index.json");
        if (shards.size() == 1) {
            Safetensors.write(single, tensors, tensors.metadata());
            delete(index);
            return single;
        }
        Map<String, Object> home = new LinkedHashMap<>();
        for (int i = 0; i < shards.size(); i++) {
            String file = "%s-%05d-of-%05d%s".formatted(name, i + 1, shards.size(), ENDING);
            List<String> names = shards.get(i);
            Safetensors.write(folder.resolve(file), tensors, names, tensors.metadata());
            names.forEach(n -> home.put(n, file));
        }
        JsonFile.write(
                index,
                Map.of("metadata", Map.of("total_size", bytes(tensors)), "weight_map", home));
        delete(single);
        return index;
    }

    private static long bytes(StateDict tensors) {
        return tensors.names().stream().mapToLong(n -> tensors.entry(n).bytes()).sum();
    }

    /// Fills one file after the other, in the order of the tensors.
    private static List<List<String>> split(StateDict tensors, long limit) {
        List<List<String>> shards = new ArrayList<>(List.of(new ArrayList<>()));
        long size = 0;
        for (String name : tensors.names()) {
            long own = tensors.entry(name).bytes();
            if (size + own > limit && !shards.getLast().isEmpty()) {
                shards.add(new ArrayList<>());
                size = 0;
            }
            shards.getLast().add(name);
            size += own;
        }
        return shards;
    }

    private static void delete(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw CheckpointException.io("delete", file, e);
        }
    }
}
