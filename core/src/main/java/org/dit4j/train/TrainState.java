package org.dit4j.train;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.checkpoint.CheckpointException;
import org.dit4j.checkpoint.Safetensors;

/// The checkpoints of a run: one file each, `checkpoints/step-00001000.safetensors`, that holds
/// everything a resumed run needs to continue bit by bit: weights, averages, moments, generator,
/// step.
final class TrainState {
    private static final String PATTERN = "step-\\d{8}\\.safetensors";
    private static final int KEPT = 2;

    private TrainState() {}

    static Path folder(Path run) {
        return run.resolve("checkpoints");
    }

    /// Writes one checkpoint and removes all but the newest ones.
    ///
    /// @param fingerprint of the configuration
    static Path write(Path run, long step, String fingerprint, Map<String, Tensor> tensors) {
        Path file = folder(run).resolve("step-%08d.safetensors".formatted(step));
        var metadata = new LinkedHashMap<String, String>();
        metadata.put("format", "pt");
        metadata.put("step", Long.toString(step));
        metadata.put("fingerprint", fingerprint);
        Safetensors.write(file, tensors, metadata);
        List<Path> all = list(run);
        for (Path old : all.subList(0, Math.max(0, all.size() - KEPT))) {
            try {
                Files.deleteIfExists(old);
            } catch (IOException e) {
                throw CheckpointException.io("delete", old, e);
            }
        }
        return file;
    }

    /// Returns the newest checkpoint of a run.
    static Optional<Path> newest(Path run) {
        List<Path> all = list(run);
        return all.isEmpty() ? Optional.empty() : Optional.of(all.getLast());
    }

    private static List<Path> list(Path run) {
        if (!Files.isDirectory(folder(run))) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(folder(run))) {
            return new ArrayList<>(
                    files.filter(f -> f.getFileName().toString().matches(PATTERN))
                            .sorted(Comparator.comparing(f -> f.getFileName().toString()))
                            .toList());
        } catch (IOException e) {
            throw CheckpointException.io("list", folder(run), e);
        }
    }
}
