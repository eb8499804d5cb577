package org.dit4j.app;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.AtomicFolder;
import org.dit4j.checkpoint.CheckpointException;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.checkpoint.Quantization;
import org.dit4j.checkpoint.Safetensors;
import org.dit4j.checkpoint.StateDict;
import org.dit4j.tensor.QuantizedKind;
import org.dit4j.tensor.TensorScope;
import org.jspecify.annotations.Nullable;

/// A model that is written once more with its large matrices in small whole numbers.
///
/// @param model a checkpoint or the folder of a pipeline
/// @param kind what the matrices become
/// @param chosen names of the matrices
/// @param report what was measured to choose them; null if nothing was
record QuantizedModel(
        Path model,
        QuantizedKind kind,
        Predicate<String> chosen,
        @Nullable QuantizationReport report) {
    private static final String CONFIG = "config.json";
    private static final Pattern WEIGHTS =
            Pattern.compile(".*\\.(safetensors|safetensors\\.index\\.json|bin|pt|pth|ckpt)");

    /// What has been written.
    ///
    /// @param matrices that were quantized
    /// @param before bytes of all tensors of the network
    /// @param after the same afterwards
    record Sizes(int matrices, long before, long after) {}

    /// Writes it to `out`.
    ///
    /// @throws CheckpointException if the model is quantized already or has nothing to quantize, or
    ///   `out` exists or cannot be written; then nothing is left of it
    Sizes write(Path out) {
        require(out);
        try (var _ = TensorScope.open();
                var plain = StateDict.open(model)) {
            String file = String.valueOf(plain.file().getFileName());
            long before = bytes(plain);
            try (var rounded = Quantization.round(plain, kind, chosen)) {
                List<String> names = List.copyOf(Quantization.find(rounded).keySet());
                if (names.isEmpty()) {
                    throw new CheckpointException(
                            model + ": has no matrix of a block that can be quantized");
                }
                try (var stored = Quantization.stored(rounded)) {
                    write(out, file, stored, names);
                    return new Sizes(names.size(), before, bytes(stored));
                }
            }
        }
    }

    /// Fails if [#write] would for another reason than the disk or what is chosen.
    void require(Path out) {
        ConfigException.require(
                Files.isDirectory(model) || !out.toString().endsWith("/"),
                "%s is a file, so %s must be one",
                model,
                out);
        AtomicFolder.requireFree(out);
        try (var plain = StateDict.open(model)) {
            Quantization.find(plain).entrySet().stream()
                    .findFirst()
                    .ifPresent(e -> {
                        throw new CheckpointException(
                                "%s: is quantized already (%s is %s)"
                                        .formatted(model, e.getKey(), name(e.getValue())));
                    });
        }
    }

    private void write(Path out, String file, StateDict stored, List<String> names) {
        var texts = new LinkedHashMap<>(stored.metadata());
        texts.put("quantization", name(kind));
        if (report != null) {
            texts.put("quantization_psnr", report.text());
        }
        if (!Files.isDirectory(model)) {
            Safetensors.write(out, stored, texts);
            return;
        }
        AtomicFolder.write(
                out,
                folder -> {
                    Path part = Inspection.components(model).getOrDefault("transformer", model);
                    copyOthers(folder, part);
                    Path network = folder.resolve(model.relativize(part).toString());
                    Safetensors.write(network.resolve(fileName(file)), stored, texts);
                    writeConfig(part.resolve(CONFIG), network.resolve(CONFIG), names);
                });
    }

    /// The usual name in diffusers' folders and in others.
    private static String fileName(String old) {
        return old.startsWith("diffusion_pytorch_model")
                ? "diffusion_pytorch_model.safetensors"
                : "model.safetensors";
    }

    /// Copies all but the weights of the network and its configuration.
    private void copyOthers(Path target, Path network) throws IOException {
        try (Stream<Path> all = Files.walk(model)) {
            for (Path from : (Iterable<Path>) all::iterator) {
                Path relative = model.relativize(from);
                boolean weights =
                        network.equals(from.getParent())
                                && (WEIGHTS.matcher(from.toString()).matches()
                                        || from.endsWith(CONFIG));
                if (Files.isDirectory(from)) {
                    Files.createDirectories(target.resolve(relative.toString()));
                } else if (!weights) {
                    Files.copy(from, target.resolve(relative.toString()));
                }
            }
        }
    }

    private void writeConfig(Path from, Path to, List<String> names) {
        Map<String, Object> config = new LinkedHashMap<>();
        if (Files.isRegularFile(from)) {
            JsonFile.tree(from).properties().forEach(e -> config.put(e.getKey(), e.getValue()));
        }
        Map<String, Object> scheme = new LinkedHashMap<>();
        scheme.put("quant_method", "dit4j");
        scheme.put("precision", name(kind));
        scheme.put("weights", kind.description());
        scheme.put("modules", names.stream().map(QuantizedModel::module).toList());
        if (report != null) {
            scheme.put("measured", report.tree());
        }
        config.put(Quantization.CONFIG, scheme);
        JsonFile.write(to, config);
    }

    /// Returns the layer that a matrix belongs to.
    static String module(String matrix) {
        return matrix.substring(0, matrix.length() - ".weight".length());
    }

    static String name(QuantizedKind kind) {
        return kind.name().toLowerCase(Locale.ROOT);
    }

    private static long bytes(StateDict dict) {
        return dict.names().stream().mapToLong(n -> dict.entry(n).bytes()).sum();
    }
}
