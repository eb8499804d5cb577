package org.dit4j.app;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.data.HoldOut;
import org.dit4j.data.Picture;
import org.dit4j.data.PictureFile;
import org.dit4j.eval.Features;
import org.dit4j.eval.PromptSet;
import org.dit4j.eval.PromptSet.Kind;
import org.dit4j.eval.PromptSet.Prompt;
import org.dit4j.pipeline.GenerationRequest;
import org.dit4j.pipeline.Pipeline;
import org.dit4j.tensor.Ops;

/// Judges a text-to-image model by kinds of prompts and languages: each language asks for the same
/// subjects from the same noise.
///
/// @param pipeline the model
/// @param prompts where they are drawn from
/// @param holdOut whose subjects the model was not trained with
record TextEvaluation(Pipeline pipeline, PromptSet prompts, HoldOut holdOut, Comparison with) {
    private static final String UNSEEN = "unseen_subjects";
    private static final long KIND_SEEDS = 1_000_000;

    /// Draws `count` prompts of each kind, generates them in every language, fills the report and
    /// returns what its page shows.
    EvaluationPage.Content run(GenerationRequest settings, int count, Map<String, Object> report) {
        var retrieval = PromptRetrieval.of(with);
        Map<String, List<Prompt>> drawn = draw(count, retrieval);
        var answers = new ArrayList<PromptRetrieval.Answers>();
        int number = 0;
        for (var kind : drawn.entrySet()) {
            for (String language : prompts.languages()) {
                var request = settings.withSeed(settings.seed() + KIND_SEEDS * number);
                answers.add(ask(kind.getKey(), kind.getValue(), language, request, retrieval));
            }
            number++;
        }
        Tensor natural = features(answers.stream().filter(TextEvaluation::inTheData).toList());
        with.distances(natural, report);
        report.put("retrieval", retrieval.report(answers));
        List<Picture> pictures = answers.stream().flatMap(a -> a.pictures().stream()).toList();
        var nearest = with.nearest(pictures, features(answers), report);
        return new EvaluationPage.Content(
                answers.stream().map(retrieval::section).toList(),
                nearest,
                List.of(retrieval.chart(answers)));
    }

    private static Tensor features(List<PromptRetrieval.Answers> answers) {
        return Ops.cat(
                0, answers.stream().map(PromptRetrieval.Answers::made).toArray(Tensor[]::new));
    }

    /// Other styles and colours are no pictures that the data could hold.
    private static boolean inTheData(PromptRetrieval.Answers a) {
        return !a.kind().startsWith("other_");
    }

    /// The kinds of prompts for subjects that were trained with, and for those that were not the
    /// texts that others are trained with.
    private Map<String, List<Prompt>> draw(int count, PromptRetrieval retrieval) {
        var drawn = new LinkedHashMap<String, List<Prompt>>();
        for (Kind kind : Kind.values()) {
            String name = kind.name().toLowerCase(java.util.Locale.ROOT);
            drawn.put(
                    name,
                    prompts.draw(
                            kind,
                            s -> retrieval.knows(s) && !holdOut.contains(s),
                            count,
                            with.seed()));
        }
        drawn.put(
                UNSEEN,
                prompts.draw(
                        Kind.TRAINED,
                        s -> retrieval.knows(s) && holdOut.contains(s),
                        count,
                        with.seed()));
        drawn.values().removeIf(List::isEmpty);
        ConfigException.require(
                drawn.keySet().stream().anyMatch(kind -> !kind.startsWith("other_")),
                "no prompt asks for a subject of the %d pictures of the data",
                with.training().size() + with.unseen().size());
        return drawn;
    }

    private PromptRetrieval.Answers ask(
            String kind,
            List<Prompt> wanted,
            String language,
            GenerationRequest request,
            PromptRetrieval retrieval) {
        List<String> texts =
                wanted.stream().map(p -> p.texts().getOrDefault(language, "")).toList();
        String name = kind + "-" + language;
        List<Picture> pictures = GeneratedPictures.of(pipeline, request, texts, name, with.bar());
        var folder = with.out().resolve("pictures").resolve(name);
        for (int i = 0; i < pictures.size(); i++) {
            PictureFile.write(
                    folder.resolve("%06d.png".formatted(i)),
                    pictures.get(i),
                    Map.of("prompt", texts.get(i), "subject", wanted.get(i).subject()));
        }
        List<String> subjects = wanted.stream().map(Prompt::subject).toList();
        Tensor made = Features.of(with.network(), pictures);
        return retrieval.judge(kind, language, texts, subjects, pictures, made);
    }
}
