package org.dit4j.app;

import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.data.ImageFolder.Example;
import org.dit4j.data.Picture;
import org.dit4j.data.PictureSet;
import org.dit4j.eval.Gallery;
import org.dit4j.eval.Retrieval;
import org.dit4j.eval.Thumbnails;
import org.dit4j.tensor.Ops;

/// Whether generated pictures find the real pictures of what their prompts ask for among those of
/// other subjects, by features and, as the plain baseline, by 16 x 16 pixels.
///
/// @param with the real pictures, trained with and held out
/// @param examples all of them, in this order
/// @param features all of them by features
/// @param pixels all of them by pixels
record PromptRetrieval(Comparison with, List<Example> examples, Gallery features, Gallery pixels) {
    private static final int SHOWN = 32;
    private static final int TOP = 5;

    /// Real emoji of another style find theirs by it as often as by the angle (68.3 and 68.0 %), by
    /// pixels more often; and it is the distance of the other figures.
    private static final Gallery.Measure MEASURE = Gallery.Measure.EUCLIDEAN;

    /// What a model made of the prompts of a kind in a language, and what that found.
    ///
    /// @param made features of the pictures, `[N, D]`
    record Answers(
            String kind,
            String language,
            List<String> texts,
            List<String> subjects,
            List<Picture> pictures,
            Tensor made,
            Retrieval byFeatures,
            Retrieval byPixels) {}

    /// Makes the galleries, in the caller's scope.
    ///
    /// @throws ConfigException if the data do not say what subject a picture shows
    static PromptRetrieval of(Comparison with) {
        List<Example> all =
                Stream.of(with.training(), with.unseen())
                        .flatMap(s -> s.examples().stream())
                        .toList();
        ConfigException.require(
                all.stream().noneMatch(e -> e.subject().isEmpty()),
                "to find the subject of a prompt, every line of metadata.jsonl needs a subject");
        var pictures = new ArrayList<Picture>();
        for (PictureSet set : List.of(with.training(), with.unseen())) {
            for (int i = 0; i < set.size(); i++) {
                pictures.add(NearestTrainingPictures.picture(set, i));
            }
        }
        return new PromptRetrieval(
                with,
                all,
                gallery(Ops.cat(0, with.real(), with.held()), all),
                gallery(Thumbnails.of(pictures), all));
    }

    private static Gallery gallery(Tensor x, List<Example> examples) {
        return new Gallery(
                x,
                examples.stream().map(Example::subject).toList(),
                examples.stream().map(e -> style(e.file())).toList(),
                MEASURE);
    }

    /// The style stands at the end of the file's name, after a hyphen.
    private static String style(String file) {
        return file.replaceFirst("\\.[^./]*$", "").replaceFirst("^.*-", "");
    }

    /// Returns whether there are pictures of a subject.
    boolean knows(String subject) {
        return features.contains(subject);
    }

    /// Lets pictures find their subjects.
    Answers judge(
            String kind,
            String language,
            List<String> texts,
            List<String> subjects,
            List<Picture> pictures,
            Tensor made) {
        return new Answers(
                kind,
                language,
                texts,
                subjects,
                pictures,
                made,
                features.retrieve(made, subjects, with.seed()),
                pixels.retrieve(Thumbnails.of(pictures), subjects, with.seed()));
    }

    /// Returns the figures by kind and language, with what chance and real pictures reach.
    Map<String, Object> report(List<Answers> answers) {
        var report = new LinkedHashMap<String, Object>();
        Retrieval any = answers.getFirst().byFeatures;
        report.put("candidates", any.candidates());
        report.put("measure", MEASURE.name().toLowerCase(java.util.Locale.ROOT));
        report.put("chance_top1", any.chance(1));
        report.put("chance_top5", any.chance(TOP));
        List<String> wanted =
                answers.stream().flatMap(a -> a.subjects.stream()).distinct().toList();
        var ceiling = new LinkedHashMap<String, Object>();
        Retrieval real = features.ofOtherStyles(wanted, with.seed());
        ceiling.put("pictures", real.hits().size());
        put(ceiling, real, pixels.ofOtherStyles(wanted, with.seed()));
        report.put("real_pictures_of_another_style", ceiling);
        var classes = new HashMap<String, String>();
        examples.forEach(e -> classes.putIfAbsent(e.subject(), with.className(e)));
        for (Answers a : answers) {
            var part = new LinkedHashMap<String, Object>();
            part.put("pictures", a.pictures.size());
            put(part, a.byFeatures, a.byPixels);
            List<String> asked = a.subjects.stream().map(s -> classes.getOrDefault(s, "")).toList();
            with.accuracy(a.made, asked).ifPresent(v -> part.put("classifier_accuracy", v));
            report.put(a.kind + "." + a.language, part);
        }
        return report;
    }

    private static void put(Map<String, Object> part, Retrieval features, Retrieval pixels) {
        if (!features.hits().isEmpty()) {
            part.put("top1", features.top(1));
            part.put("top5", features.top(TOP));
            part.put("pixels_top1", pixels.top(1));
            part.put("pixels_top5", pixels.top(TOP));
        }
    }

    /// Returns pictures with what they found.
    EvaluationPage.Section section(Answers a) {
        var cards = new ArrayList<EvaluationPage.Card>();
        for (int i = 0; i < Math.min(SHOWN, a.pictures.size()); i++) {
            int row = a.byFeatures.hits().get(i).nearest();
            Example found = examples.get(row);
            cards.add(
                    new EvaluationPage.Card(
                            a.pictures.get(i),
                            picture(row),
                            a.texts.get(i),
                            found.captions().in(a.language).stream()
                                    .findFirst()
                                    .orElse(found.subject()),
                            found.subject().equals(a.subjects.get(i))));
        }
        String title =
                "%s, %s: %.1f %% right, %.1f %% among the first five"
                        .formatted(
                                a.kind.replace('_', ' '),
                                a.language,
                                100 * a.byFeatures.top(1),
                                100 * a.byFeatures.top(TOP));
        return new EvaluationPage.Section(title, cards);
    }

    private Picture picture(int row) {
        int trained = with.training().size();
        return row < trained
                ? NearestTrainingPictures.picture(with.training(), row)
                : NearestTrainingPictures.picture(with.unseen(), row - trained);
    }

    /// Returns bars of the pictures that are right, by kind and language.
    BufferedImage chart(List<Answers> answers) {
        List<String> kinds = answers.stream().map(Answers::kind).distinct().toList();
        var series = new LinkedHashMap<String, List<Double>>();
        for (Answers a : answers) {
            series.computeIfAbsent(a.language, _ -> new ArrayList<>()).add(a.byFeatures.top(1));
            series.computeIfAbsent(a.language + ", pixels", _ -> new ArrayList<>())
                    .add(a.byPixels.top(1));
        }
        return EvaluationCharts.bars(
                "Right among %d".formatted(answers.getFirst().byFeatures.candidates()),
                kinds.stream().map(k -> k.replace('_', ' ')).toList(),
                series);
    }
}
