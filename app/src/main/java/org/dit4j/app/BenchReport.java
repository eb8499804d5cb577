package org.dit4j.app;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.tensor.Hardware;
import org.dit4j.tensor.Ops;
import org.jspecify.annotations.Nullable;

/// The lines and the JSON of `dit4j bench`.
final class BenchReport {
    private BenchReport() {}

    static String text(String benchmark, BenchCommand.Work work, Timing t, long parameters) {
        String memory =
                peakMemory().isEmpty()
                        ? ""
                        : ", %.0f MiB at most".formatted(peakMemory().getAsLong() / 1048576.0);
        return String.format(
                Locale.ROOT,
                "%s %s (%,d parameters), latents %dx%d, batch %d, %s, %s%n"
                        + "median %.3f s, fastest %.3f s, slowest %.3f s of %d; %.2f pictures/s%s",
                benchmark,
                work.model,
                parameters,
                work.inputSize,
                work.inputSize,
                work.batch,
                precision(work),
                Hardware.describe(work.place.device()),
                t.median(),
                t.minimum(),
                t.maximum(),
                t.seconds().length,
                work.batch / t.median(),
                memory);
    }

    static String json(String benchmark, BenchCommand.Work work, Timing t, long parameters) {
        var root = new LinkedHashMap<String, @Nullable Object>();
        root.put("benchmark", benchmark);
        root.put("model", work.model);
        root.put("parameters", parameters);
        root.put("input_size", work.inputSize);
        root.put("batch", work.batch);
        root.put("precision", precision(work));
        root.put("machine", Hardware.describe(work.place.device()));
        root.put("device", work.place.device().toString());
        root.put("threads", Ops.threads());
        root.put("repeat", t.seconds().length);
        root.put("median", t.median());
        root.put("minimum", t.minimum());
        root.put("maximum", t.maximum());
        root.put("spread", t.spread());
        root.put("seconds", t.seconds());
        root.put("images_per_second", work.batch / t.median());
        OptionalLong peak = peakMemory();
        root.put("peak_memory_bytes", peak.isPresent() ? peak.getAsLong() : null);
        return JsonFile.mapper().writeValueAsString(root);
    }

    private static String precision(BenchCommand.Work work) {
        return work.precision.name().toLowerCase(Locale.ROOT);
    }

    /// The largest resident memory that this process had, in bytes, where the system tells it
    /// (Linux: `VmHWM` in `proc(5)`).
    static OptionalLong peakMemory() {
        try (Stream<String> lines = Files.lines(Path.of("/proc/self/status"))) {
            return lines.filter(l -> l.startsWith("VmHWM:"))
                    .mapToLong(l -> Long.parseLong(l.replaceAll("\\D", "")) * 1024)
                    .findFirst();
        } catch (IOException e) {
            return OptionalLong.empty();
        }
    }
}
