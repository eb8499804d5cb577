package org.dit4j.app;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.conformance.Finding;
import org.dit4j.conformance.Result;
import org.dit4j.conformance.Status;
import org.jspecify.annotations.Nullable;

/// The table and the JSON of `dit4j verify`.
final class VerifyReport {
    private VerifyReport() {}

    static String heading() {
        return row("case", "tensor", "absolute", "relative", "tolerance", "");
    }

    /// One line for a case that passed, standing for its worst tensor; one line for each tensor
    /// that did not pass, or for all if `verbose`.
    static List<String> lines(Result result, boolean verbose) {
        var lines = new ArrayList<String>();
        List<Finding> passed =
                result.findings().stream().filter(f -> f.status() == Status.PASS).toList();
        for (Finding f : result.findings()) {
            if (verbose || f.status() != Status.PASS) {
                lines.add(line(result.name(), f.tensor(), f));
            }
        }
        if (!verbose && !passed.isEmpty()) {
            Finding worst =
                    passed.stream()
                            .max(Comparator.comparingDouble(VerifyReport::share))
                            .orElseThrow();
            String tensor =
                    passed.size() == 1
                            ? worst.tensor()
                            : "%s (worst of %d)".formatted(worst.tensor(), passed.size());
            lines.addFirst(line(result.name(), tensor, worst));
        }
        if (!result.message().isEmpty()) {
            String status = result.status() + "  " + result.message();
            lines.add(row(result.name(), "", "", "", "", status));
        }
        return lines;
    }

    static String summary(List<Result> results, String machine) {
        double seconds = results.stream().mapToDouble(Result::seconds).sum();
        long tensors = results.stream().mapToLong(r -> r.findings().size()).sum();
        return String.format(
                Locale.ROOT,
                "%d cases, %d comparisons: %d PASS, %d FAIL, %d UNSUPPORTED in %.1f s (%s)",
                results.size(),
                tensors,
                count(results, Status.PASS),
                count(results, Status.FAIL),
                count(results, Status.UNSUPPORTED),
                seconds,
                machine);
    }

    static long count(List<Result> results, Status status) {
        return results.stream().filter(r -> r.status() == status).count();
    }

    static String json(List<Result> results, String machine) {
        var root = new LinkedHashMap<String, @Nullable Object>();
        root.put("machine", machine);
        root.put("cases", results.stream().map(VerifyReport::tree).toList());
        root.put("passed", count(results, Status.PASS));
        root.put("failed", count(results, Status.FAIL));
        root.put("unsupported", count(results, Status.UNSUPPORTED));
        return JsonFile.mapper().writeValueAsString(root);
    }

    private static Map<String, @Nullable Object> tree(Result result) {
        var tree = new LinkedHashMap<String, @Nullable Object>();
        tree.put("case", result.name());
        tree.put("file", result.file().toString());
        tree.put("status", result.status().name());
        tree.put("message", result.message());
        tree.put("seconds", result.seconds());
        tree.put("tensors", result.findings().stream().map(VerifyReport::tree).toList());
        return tree;
    }

    private static Map<String, @Nullable Object> tree(Finding f) {
        var tree = new LinkedHashMap<String, @Nullable Object>();
        tree.put("tensor", f.tensor());
        tree.put("status", f.status().name());
        tree.put("absolute", finite(f.absolute()));
        tree.put("relative", finite(f.relative()));
        tree.put("tolerance", finite(f.tolerance()));
        tree.put("note", f.note());
        return tree;
    }

    /// JSON has no NaN and no infinity.
    private static @Nullable Double finite(double value) {
        return Double.isFinite(value) ? Double.valueOf(value) : null;
    }

    private static String line(String name, String tensor, Finding f) {
        String note = f.note().isEmpty() ? "" : "  " + f.note();
        return row(
                name,
                tensor,
                number(f.absolute()),
                number(f.relative()),
                number(f.tolerance()),
                f.status() + note);
    }

    private static String row(
            String name,
            String tensor,
            String absolute,
            String relative,
            String tolerance,
            String status) {
        return "%-36s %-40s %9s %9s %9s  %s"
                .formatted(name, tensor, absolute, relative, tolerance, status)
                .stripTrailing();
    }

    private static String number(double value) {
        if (Double.isNaN(value)) {
            return "-";
        }
        return value == 0 ? "0" : String.format(Locale.ROOT, "%.2e", value);
    }

    /// How much of its tolerance a tensor uses up.
    private static double share(Finding f) {
        double share = f.absolute() / f.tolerance();
        return f.absolute() == 0 || Double.isNaN(share) ? 0 : share;
    }
}
