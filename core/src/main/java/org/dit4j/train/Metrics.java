package org.dit4j.train;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.dit4j.checkpoint.AtomicFile;
import org.dit4j.checkpoint.CheckpointException;
import org.dit4j.checkpoint.JsonFile;
import tools.jackson.databind.JsonNode;

/// Collects what batches gave and writes the means, one line each `log_every` steps, to
/// `metrics.jsonl` and to a TensorBoard event file.
final class Metrics implements AutoCloseable {
    private static final int BUCKETS = 10;

    private final Path file;
    private final EventFile events;
    private final Map<String, Double> sums = new LinkedHashMap<>();
    private final double[] bucketSums = new double[BUCKETS];
    private final int[] bucketCounts = new int[BUCKETS];
    private int batches;

    /// Goes on in `folder` after `step` steps; later lines, of a run that was cut off, are dropped.
    Metrics(Path folder, long step) {
        file = folder.resolve("metrics.jsonl");
        keepUpTo(step);
        events = new EventFile(folder.resolve("tensorboard"), seconds(), step);
    }

    private void keepUpTo(long step) {
        if (!Files.exists(file)) {
            return;
        }
        try {
            List<String> lines =
                    Files.readAllLines(file).stream().filter(l -> stepOf(l) <= step).toList();
            byte[] kept =
                    lines.stream()
                            .map(l -> l + "\n")
                            .reduce("", String::concat)
                            .getBytes(StandardCharsets.UTF_8);
            AtomicFile.writeStream(file, out -> out.write(kept));
        } catch (IOException e) {
            throw CheckpointException.io("read", file, e);
        }
    }

    /// A line that was cut off while it was written counts as later than everything.
    private static long stepOf(String line) {
        try {
            JsonNode step = JsonFile.mapper().readTree(line).get("step");
            return step == null ? Long.MAX_VALUE : step.asLong();
        } catch (RuntimeException e) {
            return Long.MAX_VALUE;
        }
    }

    void add(TrainingTask.BatchLoss batch) {
        batches++;
        batch.terms().forEach((name, value) -> sums.merge(name, value, Double::sum));
        for (int i = 0; i < batch.positions().length; i++) {
            int bucket = Math.min(BUCKETS - 1, Math.max(0, (int) (batch.positions()[i] * BUCKETS)));
            bucketSums[bucket] += batch.losses()[i];
            bucketCounts[bucket]++;
        }
    }

    /// Writes the means since the last call, and `more`.
    void write(long step, Map<String, Double> more) {
        var values = new LinkedHashMap<String, Double>();
        sums.forEach((name, sum) -> values.put(name, sum / batches));
        for (int i = 0; i < BUCKETS; i++) {
            if (bucketCounts[i] > 0) {
                values.put("loss_t%d0".formatted(i), bucketSums[i] / bucketCounts[i]);
            }
        }
        values.putAll(more);
        clear();
        append(step, values);
        values.forEach((name, value) -> events.scalar(name, value, step, seconds()));
    }

    private void append(long step, Map<String, Double> values) {
        var line = new LinkedHashMap<String, Object>();
        line.put("step", step);
        line.putAll(values);
        String text =
                JsonFile.mapper()
                        .writer()
                        .without(tools.jackson.databind.SerializationFeature.INDENT_OUTPUT)
                        .writeValueAsString(line);
        try {
            Files.writeString(
                    file, text + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw CheckpointException.io("write", file, e);
        }
    }

    private void clear() {
        batches = 0;
        sums.clear();
        java.util.Arrays.fill(bucketSums, 0);
        java.util.Arrays.fill(bucketCounts, 0);
    }

    private static double seconds() {
        return System.currentTimeMillis() / 1e3;
    }

    @Override
    public void close() {
        events.close();
    }
}
