package org.dit4j.app;

import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.imageio.ImageIO;
import org.dit4j.checkpoint.AtomicFile;
import org.dit4j.checkpoint.JsonFile;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.markers.SeriesMarkers;
import tools.jackson.databind.JsonNode;

/// The curves of a training run as one picture: the terms of the loss, and the loss by noise level.
final class LossCurves {
    private static final int WIDTH = 560;
    private static final int HEIGHT = 400;

    /// Names of the loss by tenths of the noise levels, see [org.dit4j.train.Metrics].
    private static final String LEVEL = "loss_t";

    /// What `metrics.jsonl` has besides losses.
    private static final List<String> OTHER =
            List.of("step", "learning_rate", "gradient_norm", "examples_per_second");

    private LossCurves() {}

    /// Draws `metrics.jsonl` of a run's folder into its `curves.png`; nothing before there are two
    /// lines of metrics.
    static void write(Path run) throws IOException {
        List<JsonNode> lines = lines(run.resolve("metrics.jsonl"));
        if (lines.size() < 2) {
            return;
        }
        List<XYChart> charts = new ArrayList<>();
        charts.add(chart("loss", lines, false));
        XYChart levels = chart("loss by noise level", lines, true);
        if (!levels.getSeriesMap().isEmpty()) {
            charts.add(levels);
        }
        BufferedImage picture = beside(charts);
        AtomicFile.writeStream(
                run.resolve("curves.png"), out -> ImageIO.write(picture, "png", out));
    }

    private static List<JsonNode> lines(Path metrics) throws IOException {
        if (!Files.exists(metrics)) {
            return List.of();
        }
        try (var lines = Files.lines(metrics)) {
            return lines.map(JsonFile.mapper()::readTree).toList();
        }
    }

    private static XYChart chart(String title, List<JsonNode> lines, boolean byLevel) {
        XYChart chart =
                new XYChartBuilder()
                        .width(WIDTH)
                        .height(HEIGHT)
                        .title(title)
                        .xAxisTitle("step")
                        .build();
        chart.getStyler()
                .setChartBackgroundColor(Color.WHITE)
                .setLegendPosition(Styler.LegendPosition.OutsideE);
        for (String name : lines.getLast().propertyNames()) {
            if (name.startsWith(LEVEL) == byLevel && !OTHER.contains(name)) {
                add(chart, name, lines);
            }
        }
        chart.getStyler().setYAxisLogarithmic(spansDecades(chart));
        return chart;
    }

    /// Within one decade a logarithmic axis has no labels.
    private static boolean spansDecades(XYChart chart) {
        double min = Double.MAX_VALUE;
        double max = 0;
        for (XYSeries series : chart.getSeriesMap().values()) {
            min = Math.min(min, series.getYMin());
            max = Math.max(max, series.getYMax());
        }
        return max > 10 * min;
    }

    private static void add(XYChart chart, String name, List<JsonNode> lines) {
        var steps = new ArrayList<Double>();
        var values = new ArrayList<Double>();
        for (JsonNode line : lines) {
            double value = line.path(name).asDouble(Double.NaN);
            if (value > 0 && Double.isFinite(value)) { // the axis is logarithmic
                steps.add(line.path("step").asDouble());
                values.add(value);
            }
        }
        if (!values.isEmpty()) {
            chart.addSeries(name, steps, values).setMarker(SeriesMarkers.NONE);
        }
    }

    private static BufferedImage beside(List<XYChart> charts) {
        var picture = new BufferedImage(WIDTH * charts.size(), HEIGHT, BufferedImage.TYPE_INT_RGB);
        Graphics2D g = picture.createGraphics();
        try {
            for (int i = 0; i < charts.size(); i++) {
                Graphics2D part = (Graphics2D) g.create(i * WIDTH, 0, WIDTH, HEIGHT);
                charts.get(i).paint(part, WIDTH, HEIGHT);
                part.dispose();
            }
        } finally {
            g.dispose();
        }
        return picture;
    }
}
