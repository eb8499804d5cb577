package org.dit4j.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.dit4j.app.language.CaptionRefiner;
import org.dit4j.app.language.LanguageModelException;
import org.dit4j.app.language.StandInServer;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.data.Captions;
import org.dit4j.data.ImageFolder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

class CaptionCommandTest {
    private static final String LINES =
            """
            {"file_name":"a.png","n":1.50,"captions":{"en":["a cat","one cat"],"zh":["一只猫"]},"captions_held_out":{"en":["the cat"]},"x":"y"}
            {"file_name":"b.png","text":"a dog"}
            {"file_name":"c.png","captions":{"en":["a cow"]}}
            """;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();
    private final StandInServer server = new StandInServer();

    @TempDir Path temporary;
    private Path folder;

    @BeforeEach
    void writeFolder() throws IOException {
        folder = Files.createDirectories(temporary.resolve("pictures"));
        for (String name : List.of("a.png", "b.png", "c.png", "extra.txt", ".hidden")) {
            Files.writeString(folder.resolve(name), name);
        }
        Files.writeString(folder.resolve("metadata.jsonl"), LINES);
        server.answering(text -> text.lines().findFirst().orElseThrow() + " 2");
    }

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void eachLanguageGetsOneMarkedCaptionAndTheRestStays() throws IOException {
        Path copy = temporary.resolve("copy");
        assertThat(run("--out", copy.toString())).as(err.toString()).isZero();
        assertThat(out.toString().strip())
                .isEqualTo("3 pictures refined, 0 needed nothing, 0 left: " + copy);
        assertThat(Files.readString(folder.resolve("metadata.jsonl"))).isEqualTo(LINES);
        assertThat(Files.readString(copy.resolve("a.png"))).isEqualTo("a.png");
        assertThat(copy.resolve("extra.txt")).exists();
        assertThat(copy.resolve(".hidden")).doesNotExist();
        JsonNode a = lines(copy).getFirst();
        assertThat(a)
                .isEqualTo(
                        JsonFile.mapper()
                                .readTree(
                                        """
                                        {"file_name":"a.png","n":1.50,
                                         "captions":{"en":["a cat","one cat","a cat 2"],"zh":["一只猫","一只猫 2"]},
                                         "captions_held_out":{"en":["the cat"]},"x":"y",
                                         "captions_refined":{"en":["a cat 2"],"zh":["一只猫 2"]}}
                                        """));
        assertThat(ImageFolder.open(copy).examples().get(1).captions().in(Captions.UNDETERMINED))
                .containsExactly("a dog", "a dog 2");
        assertThat(server.asked.getFirst().message("user")).isEqualTo("a cat\none cat");
        assertThat(server.asked.get(1).message("system")).startsWith("你为图片");
    }

    @Test
    void aLimitLeavesTheRestForTheNextRunWhichAsksForNothingTwice() throws IOException {
        assertThat(run("--in-place", "--limit", "1")).isZero();
        assertThat(out.toString()).startsWith("1 pictures refined, 0 needed nothing, 2 left");
        List<String> first = Files.readAllLines(folder.resolve("metadata.jsonl"));
        assertThat(first.subList(1, 3)).isEqualTo(LINES.lines().toList().subList(1, 3));
        assertThat(run("--in-place")).isZero();
        assertThat(out.toString()).contains("2 pictures refined, 1 needed nothing, 0 left");
        assertThat(server.asked).hasSize(4);
        String done = Files.readString(folder.resolve("metadata.jsonl"));
        assertThat(run("--in-place")).isZero();
        assertThat(server.asked).hasSize(4);
        assertThat(Files.readString(folder.resolve("metadata.jsonl"))).isEqualTo(done);
    }

    @Test
    void anErrorSaysWhereAndKeepsWhatIsDone() throws IOException {
        Path copy = temporary.resolve("copy");
        server.reply(200, answer("one")).reply(200, answer("二")).reply(401, "{}");
        assertThat(run("--out", copy.toString())).isEqualTo(1);
        assertThat(err.toString().lines())
                .singleElement()
                .asString()
                .startsWith(
                        "dit4j: "
                                + copy.resolve("metadata.jsonl")
                                + ", line 2 (b.png): the language model toy at ")
                .contains("HTTP 401")
                .endsWith("; 1 pictures before it were refined and are saved");
        assertThat(lines(copy).getFirst().path("captions_refined").path("zh").path(0).asString())
                .isEqualTo("二");
        assertThat(run("--out", copy.toString())).isZero();
        assertThat(out.toString()).contains("2 pictures refined, 1 needed nothing, 0 left");
    }

    @Test
    void anUnusableAnswerLeavesItsPictureForAnotherTime() throws IOException {
        server.reply(200, answer("")).reply(200, answer("一只大猫"));
        assertThat(run("--in-place")).isZero();
        assertThat(out.toString()).startsWith("2 pictures refined, 0 needed nothing, 1 left");
        assertThat(err.toString()).startsWith("left out: ").contains("line 1 (a.png), en: ");
        JsonNode refined = lines(folder).getFirst().path("captions_refined");
        assertThat(refined.propertyNames()).containsExactly("zh");
    }

    @Test
    void aHeldOutCaptionIsNeverAddedAndARepeatedOneNotTwice() throws IOException {
        server.reply(200, answer("the cat")).reply(200, answer("一只猫"));
        assertThat(run("--in-place", "--limit", "1")).isZero();
        JsonNode a = lines(folder).getFirst();
        assertThat(a.path("captions").path("en").valueStream().map(JsonNode::asString))
                .containsExactly("a cat", "one cat");
        assertThat(a.path("captions").path("zh")).hasSize(1);
        assertThat(a.path("captions_refined").path("zh")).isEmpty();
        assertThat(a.path("captions_refined").has("zh")).isTrue();
    }

    @Test
    void aModelThatAnswersNonsenseEndsTheRun() throws IOException {
        var many = new StringBuilder();
        for (int i = 0; i < 20; i++) {
            many.append("{\"file_name\":\"%d.png\",\"text\":\"a\"}\n".formatted(i));
        }
        Files.writeString(folder.resolve("metadata.jsonl"), many);
        server.answering(_ -> "");
        assertThat(run("--in-place")).isEqualTo(1);
        assertThat(err.toString()).contains("dit4j: 10 answers in a row cannot be used");
        assertThat(server.asked).hasSize(10);
    }

    @Test
    void aStopGivesTheOpenQuestionUpAndSaves() throws Exception {
        var asked = new CountDownLatch(3);
        var refiner =
                new CaptionRefiner(
                        (_, text) -> {
                            asked.countDown();
                            if (text.equals("a dog")) {
                                try {
                                    Thread.sleep(60_000);
                                } catch (InterruptedException e) {
                                    throw new LanguageModelException("interrupted", e);
                                }
                            }
                            return text + "!";
                        },
                        (_, _, _) -> {},
                        _ -> {});
        Thread stopper =
                Thread.ofVirtual()
                        .start(() -> {
                            try {
                                asked.await();
                            } catch (InterruptedException e) {
                                return;
                            }
                            refiner.stop();
                        });
        assertThat(refiner.refine(folder, 9)).isEqualTo(new CaptionRefiner.Summary(1, 0, 2));
        stopper.join();
        assertThat(Thread.interrupted()).isFalse();
        assertThat(lines(folder).getFirst().has("captions_refined")).isTrue();
        assertThat(lines(folder).get(1).has("captions_refined")).isFalse();
    }

    @Test
    void wrongUseIsSaid() throws IOException {
        assertThat(Dit4j.run(writer(out), writer(err), "data", "caption", folder.toString()))
                .isEqualTo(2);
        Path other = Files.createDirectories(temporary.resolve("other"));
        Files.writeString(other.resolve("metadata.jsonl"), "{\"file_name\":\"z.png\"}\n");
        assertThat(run("--out", other.toString())).isEqualTo(1);
        assertThat(err.toString()).contains("has other pictures than");
        assertThat(run("--out", folder.resolve("in").toString())).isEqualTo(1);
        assertThat(err.toString()).contains("must not be in the folder");
        assertThat(server.asked).isEmpty();
    }

    private static String answer(String text) {
        return JsonFile.mapper()
                .writeValueAsString(
                        java.util.Map.of(
                                "choices",
                                List.of(
                                        java.util.Map.of(
                                                "message",
                                                java.util.Map.of(
                                                        "role", "assistant", "content", text)))));
    }

    private static List<JsonNode> lines(Path folder) throws IOException {
        return Files.readAllLines(folder.resolve("metadata.jsonl")).stream()
                .map(line -> JsonFile.mapper().readTree(line))
                .toList();
    }

    private int run(String... more) {
        var args =
                new java.util.ArrayList<>(
                        List.of("data", "caption", folder.toString(), "--llm", server.openAi()));
        args.addAll(List.of("--llm-model", "toy"));
        args.addAll(List.of(more));
        return Dit4j.run(writer(out), writer(err), args.toArray(String[]::new));
    }

    private static PrintWriter writer(StringWriter to) {
        return new PrintWriter(to, true);
    }
}
