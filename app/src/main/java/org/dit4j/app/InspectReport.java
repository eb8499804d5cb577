package org.dit4j.app;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.dit4j.data.Picture;

/// The text and the JSON of `dit4j inspect`.
final class InspectReport {
    private static final int SHOWN = 100;

    private InspectReport() {}

    /// Returns the lines for a person.
    static List<String> lines(Inspection i) {
        var lines = new ArrayList<String>();
        lines.add(line("path", i.path().toString()));
        lines.add(line("family", i.family()));
        i.config().forEach((key, value) -> lines.add(line("  " + key, String.valueOf(value))));
        i.metadata().entrySet().stream()
                .filter(e -> !e.getKey().startsWith("dit4j.")) // repeats the configuration
                .limit(SHOWN)
                .forEach(e -> lines.add(line("  " + e.getKey(), brief(e.getValue()))));
        String trained =
                i.trained() == 0 ? "" : String.format(Locale.ROOT, " (%,d trained)", i.trained());
        lines.add(line("parameters", String.format(Locale.ROOT, "%,d%s", i.elements(), trained)));
        i.dtypes().forEach((name, total) -> lines.add(line("  " + name, total(total))));
        lines.add("");
        lines.add(row("layer", "count", "parameters", "MiB", "tensors"));
        for (Inspection.Layer layer : i.layers()) {
            lines.add(
                    row(
                            brief(layer.name()),
                            String.valueOf(layer.count()),
                            String.format(Locale.ROOT, "%,d", layer.total().elements()),
                            mebibytes(layer.total().bytes()),
                            String.join(", ", layer.shapes().stream().limit(6).toList())));
        }
        return lines;
    }

    /// Returns the lines for a picture.
    ///
    /// @param text what its file says of it
    static List<String> lines(Path path, Picture picture, Map<String, String> text) {
        var lines = new ArrayList<String>();
        lines.add(line("path", path.toString()));
        lines.add(line("size", picture.width() + "x" + picture.height()));
        text.entrySet().stream()
                .limit(SHOWN)
                .forEach(e -> lines.add(line("  " + e.getKey(), brief(e.getValue()))));
        if (text.isEmpty()) {
            lines.add("the file says nothing of how the picture was made");
        }
        return lines;
    }

    /// Returns the tree for `--json`.
    static Map<String, Object> tree(Inspection i) {
        Map<String, Object> tree = new LinkedHashMap<>();
        tree.put("path", i.path().toString());
        tree.put("family", i.family());
        tree.put("config", i.config());
        tree.put("parameters", i.elements());
        tree.put("trained_parameters", i.trained());
        tree.put("bytes", i.bytes());
        tree.put("dtypes", i.dtypes());
        tree.put("metadata", i.metadata());
        tree.put("layers", i.layers());
        Map<String, Object> tensors = new LinkedHashMap<>();
        i.tensors()
                .forEach((name, e) ->
                        tensors.put(
                                name,
                                Map.of(
                                        "dtype",
                                        e.dtype().torchName(),
                                        "shape",
                                        Arrays.stream(e.shape()).boxed().toList(),
                                        "bytes",
                                        e.bytes())));
        tree.put("tensors", tensors);
        return tree;
    }

    private static String total(Inspection.Total t) {
        return String.format(
                Locale.ROOT,
                "%,d in %d tensors, %s MiB",
                t.elements(),
                t.tensors(),
                mebibytes(t.bytes()));
    }

    private static String mebibytes(long bytes) {
        return String.format(Locale.ROOT, "%,.2f", bytes / 1048576.0);
    }

    private static String line(String key, String value) {
        return String.format(Locale.ROOT, "%-24s %s", brief(key), brief(value)).stripTrailing();
    }

    private static String row(
            String layer, String count, String parameters, String size, String tensors) {
        return String.format(
                Locale.ROOT, "%-44s %5s %13s %10s  %s", layer, count, parameters, size, tensors);
    }

    /// One line, whatever a foreign file says.
    private static String brief(String text) {
        String plain = text.replaceAll("\\p{Cntrl}", " ");
        return plain.length() <= SHOWN ? plain : plain.substring(0, SHOWN) + "...";
    }
}
