package org.dit4j.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Function;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.data.DataException;
import org.dit4j.data.HoldOut;
import org.dit4j.data.ImageFolder;
import org.dit4j.data.Picture;
import org.dit4j.data.PictureFile;
import org.dit4j.diffusion.Progress;
import org.dit4j.eval.PictureClassifier;
import org.dit4j.pipeline.GenerationRequest;
import org.dit4j.pipeline.Pipeline;
import org.dit4j.tensor.Rng;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/// With a model that draws what it is told to, and a classifier of random weights.
class TextEvaluationTest {
    private static final int SUBJECTS = 120;
    private static final int SIZE = 16;

    @TempDir private Path folder;
    private final Map<String, Picture> byPrompt = new HashMap<>();
    private final List<GenerationRequest> requests = new ArrayList<>();

    /// Pictures of 120 subjects in two styles, and prompts of three kinds, which look like HTML.
    @BeforeEach
    void writeData() throws IOException {
        var random = new Random(3);
        var metadata = new ArrayList<String>();
        var prompts = new ArrayList<String>();
        for (int s = 0; s < SUBJECTS; s++) {
            for (String style : List.of("round", "flat")) {
                Picture p = noise(random);
                String file = "c%d/%d-%s.png".formatted(s % 2, s, style);
                PictureFile.write(folder.resolve("data").resolve(file), p);
                String en = "<b>thing</b> & " + s;
                String zh = "东西" + s;
                metadata.add(
                        """
                        {"file_name":"%s","subject":"s%d","captions":{"en":["%s"],"zh":["%s"]}}\
                        """
                                .formatted(file, s, en, zh));
                if (style.equals("flat")) {
                    prompts.add(
                            """
                            {"emoji":"s%d","trained":{"en":["%s"],"zh":["%s"]},"reworded":{"en":["icon: %s"],"zh":["图标：%s"]},"otherColours":{"en":["red %s"],"zh":["红%s"]}}\
                            """
                                    .formatted(s, en, zh, en, zh, en, zh));
                }
                List.of("", "icon: ", "red ").forEach(by -> byPrompt.put(by + en, p));
                List.of("", "图标：", "红").forEach(by -> byPrompt.put(by + zh, p));
            }
        }
        Files.write(folder.resolve("data/metadata.jsonl"), metadata);
        Files.write(folder.resolve("data/prompts.jsonl"), prompts);
    }

    private static Picture noise(Random random) {
        var rgb = new byte[3 * SIZE * SIZE];
        random.nextBytes(rgb);
        return Picture.of(SIZE, SIZE, rgb);
    }

    private final class Told implements Pipeline {
        private final Function<String, Picture> draw;

        Told(Function<String, Picture> draw) {
            this.draw = draw;
        }

        @Override
        public List<Picture> generate(GenerationRequest request, Progress progress) {
            requests.add(request);
            return request.prompts().stream().map(draw).toList();
        }

        @Override
        public GenerationRequest resolve(GenerationRequest request) {
            return request.withSize(SIZE, SIZE).withSampler("none").withSteps(1);
        }

        @Override
        public void close() {}
    }

    private JsonNode evaluate(Function<String, Picture> draw, int count) {
        try (var rng = Rng.seeded(1);
                var classifier =
                        PictureClassifier.initialise(
                                new PictureClassifier.Config(8, SIZE, List.of("c0", "c1")), rng);
                var bar = new Bar(new PrintWriter(new StringWriter()))) {
            var evaluation =
                    new ModelEvaluation(
                            Path.of("told"),
                            ImageFolder.open(folder.resolve("data")),
                            new HoldOut(0.1),
                            classifier,
                            folder.resolve("out"),
                            bar);
            Map<String, Object> report =
                    evaluation.run(
                            new Told(draw),
                            GenerationRequest.of("0"),
                            count,
                            LoadOptions.inference());
            return JsonFile.mapper().valueToTree(report);
        }
    }

    @Test
    void realPicturesAreAllRight() throws Exception {
        JsonNode report = evaluate(text -> byPrompt.getOrDefault(text, noise(new Random(0))), 10);
        JsonNode retrieval = report.path("retrieval");
        assertThat(retrieval.path("candidates").asInt()).isEqualTo(100);
        for (String kind : List.of("trained", "reworded", "other_colours", "unseen_subjects")) {
            for (String language : List.of("en", "zh")) {
                JsonNode part = retrieval.path(kind + "." + language);
                assertThat(part.path("top1").asDouble()).as(kind).isEqualTo(1);
                assertThat(part.path("pixels_top1").asDouble()).as(kind).isEqualTo(1);
                assertThat(part.path("pictures").asInt()).isEqualTo(10);
                assertThat(part.has("classifier_accuracy")).isTrue();
                assertThat(folder.resolve("out/pictures/%s-%s".formatted(kind, language)))
                        .isDirectoryContaining("glob:**000009.png");
            }
        }
        assertThat(retrieval.has("other_styles.en")).as("there are no such prompts").isFalse();
        // what the model was trained with is repeated; other colours are not compared
        assertThat(report.path("generated_pictures").asInt()).isEqualTo(60);
        JsonNode pixels = report.path("nearest_training_picture_by_pixels");
        assertThat(pixels.path("smallest").asDouble()).isZero();
        // both languages ask from the same noise
        assertThat(requests).hasSize(8);
        assertThat(requests.get(0).seed()).isEqualTo(requests.get(1).seed());
        assertThat(requests.get(2).seed()).isNotEqualTo(requests.get(0).seed());
    }

    @Test
    void randomPicturesAreRightByChance() {
        var random = new Random(9);
        JsonNode retrieval = evaluate(_ -> noise(random), 200).path("retrieval");
        // 800 pictures of chance 1 %: the standard deviation is 0.35 %
        double sum = 0;
        for (String part : List.of("trained.en", "trained.zh", "reworded.en", "reworded.zh")) {
            sum += retrieval.path(part).path("top1").asDouble() / 4;
        }
        assertThat(sum).isBetween(0.0, 0.024);
        assertThat(retrieval.path("chance_top1").asDouble()).isEqualTo(0.01);
    }

    @Test
    void thePageShowsWhatIsRightAndEscapesTexts() throws Exception {
        Picture same = noise(new Random(4));
        evaluate(text -> text.startsWith("icon") ? same : byPrompt.getOrDefault(text, same), 110);
        String html = Files.readString(folder.resolve("out/report.html"));
        assertThat(html).contains("trained, en: 100.0 % right").contains("class=\"wrong\"");
        assertThat(html).contains("icon: &lt;b&gt;thing&lt;/b&gt; &amp; ").contains("东西");
        assertThat(html).doesNotContain("<b>").doesNotContain("<script").doesNotContain("http");
        assertThat(html.split("<figure", -1).length - 1).isEqualTo(8 * 32);
        assertThat(html.split("</figure", -1).length - 1).isEqualTo(8 * 32);
    }

    @Test
    void thePromptsMustBeThere() throws Exception {
        Files.delete(folder.resolve("data/prompts.jsonl"));
        assertThatThrownBy(() -> evaluate(_ -> noise(new Random(0)), 4))
                .isInstanceOf(DataException.class)
                .hasMessageStartingWith("there is no ")
                .hasMessageContaining("prompts.jsonl");
    }
}
