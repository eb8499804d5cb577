package org.dit4j.app;

import java.awt.image.BufferedImage;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.dit4j.data.Picture;
import org.dit4j.data.PictureFile;

/// The page on which a person reads an evaluation: `report.html`.
final class EvaluationPage {
    private EvaluationPage() {}

    /// A generated picture and what it is compared with.
    ///
    /// @param made the picture
    /// @param beside a real one
    /// @param prompt what was asked for
    /// @param found what the real one shows
    /// @param right whether that is what was asked for
    record Card(Picture made, Picture beside, String prompt, String found, boolean right) {}

    /// Pictures under a heading.
    record Section(String title, List<Card> cards) {}

    /// What the page shows besides the figures.
    ///
    /// @param nearest the nearest training pictures, by what they were compared by
    /// @param charts plots of the figures
    record Content(
            List<Section> sections,
            Map<String, NearestTrainingPictures.Found> nearest,
            List<BufferedImage> charts) {}

    /// Writes the page.
    static void write(Path out, Map<String, Object> report, Content content) {
        var page = new HtmlPage("Evaluation of " + report.get("model"));
        content.charts.forEach(chart -> page.picture(chart, "plot"));
        page.heading("Figures");
        page.table(List.of(), rows(report));
        for (Section section : content.sections) {
            page.heading(section.title);
            page.cards(section.cards);
        }
        page.heading("Nearest training pictures");
        page.paragraph(
                "Whether the model repeats its training pictures: generated pictures that came"
                        + " nearest, each to the left of its training picture. Learned rather than"
                        + " memorised is what lies about as far away as pictures that were held out.");
        content.nearest.forEach((by, found) -> {
            page.picture(EvaluationCharts.distances("Distances by " + by, found), "plot");
            page.picture(PictureFile.read(found.grid()), "nearest by " + by);
        });
        page.write(out.resolve("report.html"));
    }

    private static List<List<String>> rows(Map<String, Object> report) {
        var rows = new ArrayList<List<String>>();
        flatten(report).forEach((name, value) -> rows.add(List.of(name, shown(value))));
        return rows;
    }

    /// Returns the values of a report by their keys, those of maps inside it with dots.
    static Map<String, Object> flatten(Map<?, ?> report) {
        var lines = new LinkedHashMap<String, Object>();
        report.forEach((key, value) -> {
            if (value instanceof Map<?, ?> inner) {
                flatten(inner).forEach((name, v) -> lines.put(key + "." + name, v));
            } else {
                lines.put(String.valueOf(key), value);
            }
        });
        return lines;
    }

    /// Returns a value as a person reads it.
    static String shown(Object value) {
        return value instanceof Double d ? "%.5g".formatted(d) : String.valueOf(value);
    }
}
