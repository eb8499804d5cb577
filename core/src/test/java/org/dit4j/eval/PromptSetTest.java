package org.dit4j.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.dit4j.data.DataException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PromptSetTest {
    @TempDir private Path folder;

    private PromptSet read(String... lines) throws IOException {
        Path file = folder.resolve("prompts.jsonl");
        Files.writeString(file, String.join("\n", lines));
        return PromptSet.read(file);
    }

    private PromptSet cats() throws IOException {
        return read(
                """
                {"emoji":"1","trained":{"en":["cat","a cat"],"zh":["猫","一只猫"]},"reworded":{"en":["icon of a cat"],"zh":["猫图标"]},"otherStyles":{"en":[],"zh":[]}}\
                """,
                "",
                """
                {"subject":"2","trained":{"en":["dog","a dog","hound"],"zh":["狗"]},"more":1}\
                """);
    }

    @Test
    void readsKindsAndLanguages() throws Exception {
        PromptSet set = cats();
        assertThat(set.languages()).containsExactly("en", "zh");
        assertThat(set.entries()).extracting(PromptSet.Entry::subject).containsExactly("1", "2");
        assertThat(set.entries().getFirst().of(PromptSet.Kind.TRAINED))
                .isEqualTo(Map.of("en", List.of("cat", "a cat"), "zh", List.of("猫", "一只猫")));
        assertThat(set.entries().getFirst().of(PromptSet.Kind.OTHER_STYLES)).isEmpty();
        assertThat(set.entries().getLast().of(PromptSet.Kind.REWORDED)).isEmpty();
    }

    @Test
    void drawsTheSameInBothLanguages() throws Exception {
        PromptSet set = cats();
        List<PromptSet.Prompt> drawn = set.draw(PromptSet.Kind.TRAINED, _ -> true, 40, 1);
        assertThat(drawn).hasSize(40).isEqualTo(set.draw(PromptSet.Kind.TRAINED, _ -> true, 40, 1));
        assertThat(drawn).isNotEqualTo(set.draw(PromptSet.Kind.TRAINED, _ -> true, 40, 2));
        assertThat(drawn)
                .filteredOn(p -> p.subject().equals("1"))
                .hasSize(20)
                .extracting(PromptSet.Prompt::texts)
                .containsOnly(Map.of("en", "cat", "zh", "猫"), Map.of("en", "a cat", "zh", "一只猫"));
        assertThat(drawn)
                .filteredOn(p -> p.subject().equals("2"))
                .extracting(p -> p.texts().get("en"))
                .contains("dog", "a dog", "hound");
    }

    @Test
    void drawsOnlyWhatIsAsked() throws Exception {
        PromptSet set = cats();
        assertThat(set.draw(PromptSet.Kind.REWORDED, _ -> true, 3, 0))
                .hasSize(3)
                .allMatch(p -> p.subject().equals("1"));
        assertThat(set.draw(PromptSet.Kind.REWORDED, s -> s.equals("2"), 3, 0)).isEmpty();
        assertThat(set.draw(PromptSet.Kind.OTHER_STYLES, _ -> true, 3, 0)).isEmpty();
    }

    @Test
    void textsOfSeveralSubjectsAskForNone() throws Exception {
        PromptSet set =
                read(
                        """
                        {"emoji":"1","trained":{"en":["cat","animals","beast"],"zh":["猫","动物","兽"]}}\
                        """,
                        """
                        {"emoji":"2","trained":{"en":["dog","animals","hound"],"zh":["狗","动物","兽"]}}\
                        """,
                        """
                        {"emoji":"3","trained":{"en":["animals"],"zh":["动物","生物"]}}\
                        """);
        assertThat(set.draw(PromptSet.Kind.TRAINED, _ -> true, 6, 1))
                .extracting(PromptSet.Prompt::texts)
                .containsOnly(Map.of("en", "cat", "zh", "猫"), Map.of("en", "dog", "zh", "狗"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{               | this is not JSON",
                "{}              | there is no subject",
                "{\"emoji\":\" \"} | there is no subject",
                "{\"emoji\":\"1\",\"trained\":[]} | trained must be an object of at most 16 languages",
                "{\"emoji\":\"1\",\"trained\":{\"en\":\"x\"}} | trained.en must be a list of at most 256 texts",
                "{\"emoji\":\"1\",\"trained\":{\"en\":[\"\"]}} | trained.en must hold texts of 1 to 4096 characters",
                "{\"emoji\":\"0\"} | the subject 0 is listed twice"
            })
    void mistakesNameTheLine(String line, String message) {
        assertThatThrownBy(() -> read("{\"emoji\":\"0\"}", line))
                .isInstanceOf(DataException.class)
                .hasMessage(folder.resolve("prompts.jsonl") + ", line 2: " + message);
    }

    @Test
    void filesThatAreNone() throws Exception {
        Path file = folder.resolve("none.jsonl");
        assertThatThrownBy(() -> PromptSet.read(file))
                .hasMessage("there is no " + file + " with prompts to draw from");
        assertThatThrownBy(() -> read("")).hasMessageEndingWith(": there are no prompts");
        Files.write(file, "{\"emoji\":\"ü\"}".getBytes(StandardCharsets.ISO_8859_1));
        assertThatThrownBy(() -> PromptSet.read(file)).hasMessageEndingWith("is not UTF-8");
    }
}
