package org.dit4j.app;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.tensor.Hardware;
import org.dit4j.tensor.Ops;
import org.jspecify.annotations.Nullable;

/// The lines and the JSON of a benchmark.
///
/// @param benchmark its name
/// @param title the work in words
/// @param work the work in numbers, by their JSON keys
/// @param pictures that one run makes or takes; 0 if it is only a part of that
/// @param timing of the runs
/// @param results what was measured beside the time, by their JSON keys
record BenchReport(
        String benchmark,
        String title,
        Map<String, ?> work,
        int pictures,
        Timing timing,
        Map<String, Double> results) {

    String text(BenchOptions options) {
        Timing t = timing;
        var line = new StringBuilder();
        line.append(
                String.format(
                        Locale.ROOT,
                        "%s %s, %s, %s%n" + "median %.3f s, fastest %.3f s, slowest %.3f s of %d",
                        benchmark,
                        title,
                        options.precision(),
                        Hardware.describe(options.place.device()),
                        t.median(),
                        t.minimum(),
                        t.maximum(),
                        t.seconds().length));
        if (pictures > 0) {
            line.append(String.format(Locale.ROOT, "; %.2f pictures/s", pictures / t.median()));
        }
        peakMemory()
                .ifPresent(bytes ->
                        line.append(
                                String.format(
                                        Locale.ROOT, ", %.0f MiB at most", bytes / 1048576.0)));
        Double ratio = options.ratio(t.median());
        if (ratio != null) {
            line.append(String.format(Locale.ROOT, "; %.2f of the baseline", ratio));
        }
        results.forEach((key, value) ->
                line.append(String.format(Locale.ROOT, "; %s %.3f", key.replace('_', ' '), value)));
        return line.toString();
    }

    String json(BenchOptions options) {
        var root = new LinkedHashMap<String, @Nullable Object>();
        root.put("benchmark", benchmark);
        root.putAll(work);
        root.put("precision", options.precision());
        root.put("machine", Hardware.describe(options.place.device()));
        root.put("device", options.place.device().toString());
        root.put("threads", Ops.threads());
        root.put("repeat", timing.seconds().length);
        root.put("median", timing.median());
        root.put("minimum", timing.minimum());
        root.put("maximum", timing.maximum());
        root.put("spread", timing.spread());
        root.put("seconds", timing.seconds());
        if (pictures > 0) {
            root.put("images_per_second", pictures / timing.median());
        }
        Double ratio = options.ratio(timing.median());
        if (ratio != null) {
            root.put("ratio_to_baseline", ratio);
        }
        root.putAll(results);
        OptionalLong peak = peakMemory();
        root.put("peak_memory_bytes", peak.isPresent() ? peak.getAsLong() : null);
        return JsonFile.mapper().writeValueAsString(root);
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
