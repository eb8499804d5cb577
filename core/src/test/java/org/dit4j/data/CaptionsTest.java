package org.dit4j.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CaptionsTest {
    @TempDir Path folder;

    private ImageFolder open(String... lines) throws IOException {
        Files.write(folder.resolve("metadata.jsonl"), List.of(lines));
        return ImageFolder.open(folder);
    }

    private Captions first(String keys) throws IOException {
        return open("{\"file_name\": \"a.png\", %s}".formatted(keys))
                .examples()
                .getFirst()
                .captions();
    }

    private void refuses(String keys, String message) {
        assertThatThrownBy(() -> first(keys))
                .isInstanceOf(DataException.class)
                .hasMessage(folder.resolve("metadata.jsonl") + ", line 1: " + message);
    }

    @Test
    void captionsAreListsForEachLanguage() throws IOException {
        Captions captions =
                first(
                        """
                        "text": "the label", "captions": {"zh": ["红心"], "en": ["b", "a"]}, \
                        "captions_held_out": {"en": ["c"]}\
                        """);
        assertThat(captions.languages()).containsExactly("en", "zh");
        assertThat(captions.in("en")).containsExactly("b", "a");
        assertThat(captions.in("zh")).containsExactly("红心");
        assertThat(captions.in("fr")).isEmpty();
        assertThat(captions.heldOutIn("en")).containsExactly("c");
        assertThat(captions.heldOutIn("zh")).isEmpty();
    }

    @Test
    void aSingleColumnIsOfNoSaidLanguage() throws IOException {
        Map<String, List<String>> one = Map.of("und", List.of("a cat"));
        assertThat(first("\"text\": \"a cat\"").texts()).isEqualTo(one);
        assertThat(first("\"caption\": \"a cat\"").texts()).isEqualTo(one);
        assertThat(first("\"captions\": [\"a cat\"]").texts()).isEqualTo(one);
        assertThat(first("\"captions\": {\"en\": \"a cat\"}").in("en")).containsExactly("a cat");
        assertThat(first("\"text\": \"\"")).isEqualTo(Captions.NONE);
        assertThat(first("\"text\": null").isEmpty()).isTrue();
        assertThat(open("{\"file_name\": \"a.png\", \"text\": \"a\"}").languages())
                .containsExactly("und");
    }

    @Test
    void whatIsMalformedIsOneLineWithItsPlace() {
        refuses("\"text\": 3", "text must be a text or a list of texts but is number");
        refuses(
                "\"captions\": {\"en\": [1]}",
                "captions.en must be a text or a list of texts but is array");
        refuses("\"captions\": {\"en\": []}", "captions must have 1 to 64 texts in en but has 0");
        refuses("\"captions\": {\"en\": [\" \"]}", "captions has a blank text in en");
        refuses(
                "\"caption\": \"%s\"".formatted("x".repeat(4097)),
                "captions has a text of 4097 characters in und, at most 4096 are allowed");
        refuses(
                "\"captions\": {\"en\": [\"a\"]}, \"captions_held_out\": {\"en\": [\"a\"]}",
                "\"a\" is in captions and in captions_held_out");
        refuses("\"subject\": 7", "subject must be a text but is 7");
    }

    @Test
    void allPicturesOfASubjectAreOnTheSameSide() throws IOException {
        var lines = new String[400];
        for (int i = 0; i < lines.length; i++) {
            lines[i] = "{\"file_name\": \"%03d.png\", \"subject\": \"s%d\"}".formatted(i, i % 100);
        }
        ImageFolder all = open(lines);
        Set<String> held = subjects(all.heldOut(new HoldOut(0.2)));
        Set<String> trained = subjects(all.training(new HoldOut(0.2)));
        assertThat(trained).doesNotContainAnyElementsOf(held);
        assertThat(all.heldOut(new HoldOut(0.2)).size()).isEqualTo(4 * held.size());
        assertThat(held.size() + trained.size()).isEqualTo(100);
        assertThat(held).hasSizeBetween(10, 30);
        assertThat(subjects(all.heldOut(new HoldOut(0.4)))).containsAll(held);
        assertThat(new HoldOut(0).contains("s1")).isFalse();
    }

    @Test
    void theHashIsTheBeginningOfSha256() {
        // printf abc | sha256sum begins with ba7816bf, and 0xba78 / 65536 is 0.728
        assertThat(new HoldOut(0.5).contains("abc")).isFalse();
        // printf hello | sha256sum begins with 2cf24dba: 0x2cf2 / 65536 is 0.17557
        assertThat(new HoldOut(0.1755).contains("hello")).isFalse();
        assertThat(new HoldOut(0.1757).contains("hello")).isTrue();
    }

    private static Set<String> subjects(ImageFolder part) {
        return part.examples().stream()
                .map(ImageFolder.Example::subject)
                .collect(Collectors.toCollection(HashSet::new));
    }
}
