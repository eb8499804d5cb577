package org.dit4j.app;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.dit4j.eval.PsnrSpread;
import org.dit4j.eval.QuantizationCalibration;

/// What is said of a quantization that was measured: to the user, in the configuration that is
/// written, and in the file of the weights.
///
/// @param calibration what was measured
/// @param budget in dB
record QuantizationReport(QuantizationCalibration calibration, double budget) {
    /// Returns a table of the matrices that stay as they are, and the quality.
    List<String> lines() {
        var lines = new ArrayList<String>();
        if (calibration.kept() > 0) {
            lines.add(row("kept as it is", "share of error", "MiB"));
        }
        for (var m : calibration.keptMatrices()) {
            lines.add(
                    row(
                            names(m),
                            number("%.1f %%", 100 * m.share()),
                            number("%.2f", m.matrix().plain() / 1048576.0)));
        }
        lines.add(text());
        return lines;
    }

    /// Returns the quality in one line.
    String text() {
        PsnrSpread psnr = calibration.measured();
        QuantizationCalibration.Way way = calibration.way();
        return String.format(
                Locale.ROOT,
                "%.1f dB, deviation %.1f, least %.1f, predicted %.1f: %d pictures in %d steps, budget %.1f dB",
                psnr.mean(),
                psnr.deviation(),
                psnr.least(),
                calibration.predicted(),
                way.pictures(),
                way.steps(),
                budget);
    }

    /// Returns what a configuration file says.
    Map<String, Object> tree() {
        var tree = new LinkedHashMap<String, Object>();
        tree.put("budget_db", budget);
        tree.put("psnr_db", calibration.measured());
        tree.put("predicted_db", calibration.predicted());
        tree.put("drawn", calibration.way());
        tree.put(
                "kept",
                calibration.keptMatrices().stream()
                        .map(m -> Map.of("module", names(m), "share_of_error", m.share()))
                        .toList());
        return tree;
    }

    private static String names(QuantizationCalibration.Sensitivity m) {
        List<String> modules = m.matrix().names().stream().map(QuantizedModel::module).toList();
        return String.join(", ", modules);
    }

    private static String number(String format, double value) {
        return String.format(Locale.ROOT, format, value);
    }

    private static String row(String name, String share, String size) {
        return String.format(Locale.ROOT, "%-52s %14s %8s", name, share, size);
    }
}
