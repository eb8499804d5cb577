package org.dit4j.app;

import java.awt.Color;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.dit4j.eval.Nearest;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.style.Styler;

/// The plots of an evaluation's page.
final class EvaluationCharts {
    private static final int WIDTH = 800;
    private static final int HEIGHT = 360;
    private static final int BINS = 24;

    private EvaluationCharts() {}

    /// Draws bars of shares: a group of them for each name.
    ///
    /// @param series the values by the name of the series, as many each as `names`
    static BufferedImage bars(
            String title, List<String> names, Map<String, ? extends List<Double>> series) {
        CategoryChart chart = chart(title, "", "percent");
        chart.getStyler().setYAxisMin(0.0).setYAxisMax(100.0);
        series.forEach((name, values) -> {
            List<Double> percent = values.stream().map(v -> 100 * v).toList();
            chart.addSeries(name, names, percent);
        });
        return BitmapEncoder.getBufferedImage(chart);
    }

    /// Draws how the distances to the nearest training picture are spread, for generated pictures
    /// and for real ones that the model has not seen.
    static BufferedImage distances(String title, NearestTrainingPictures.Found found) {
        double most = Math.max(found.made().quantile(1), found.held().quantile(1)) / found.unit();
        double width = most > 0 ? most / BINS : 1;
        List<Double> centres = new ArrayList<>();
        for (int i = 0; i < BINS; i++) {
            centres.add((i + 0.5) * width);
        }
        CategoryChart chart = chart(title, "distance", "percent of the pictures");
        chart.getStyler().setXAxisDecimalPattern("0.##").setXAxisMaxLabelCount(8);
        chart.addSeries("generated", centres, shares(found.made(), found.unit() * width));
        chart.addSeries("held out", centres, shares(found.held(), found.unit() * width));
        return BitmapEncoder.getBufferedImage(chart);
    }

    private static List<Double> shares(Nearest nearest, double width) {
        var shares = new Double[BINS];
        Arrays.fill(shares, 0.0);
        for (double d : nearest.distance()) {
            shares[Math.min(BINS - 1, (int) (d / width))] += 100.0 / nearest.distance().length;
        }
        return List.of(shares);
    }

    private static CategoryChart chart(String title, String x, String y) {
        CategoryChart chart =
                new CategoryChartBuilder()
                        .width(WIDTH)
                        .height(HEIGHT)
                        .title(title)
                        .xAxisTitle(x)
                        .yAxisTitle(y)
                        .build();
        chart.getStyler()
                .setChartBackgroundColor(Color.WHITE)
                .setLegendPosition(Styler.LegendPosition.OutsideE);
        return chart;
    }
}
