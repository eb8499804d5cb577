package org.dit4j.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.UnaryOperator;
import org.dit4j.checkpoint.JsonFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TextRepairTest {
    private static final Path DATA = Path.of("src/test/resources/org/dit4j/text");

    /// Results of ftfy 6.3.1 for texts of many scripts, damaged through all codes.
    @Test
    void damagedTextIsRepairedAsByFtfy() throws IOException {
        compare("text-repair.tsv", TextRepair::repair);
    }

    /// Results of `html.unescape` of Python 3.11.
    @Test
    void referencesAreResolvedAsByPython() throws IOException {
        compare("html-unescape.tsv", HtmlEntities::unescape);
    }

    private static void compare(String file, UnaryOperator<String> repair) throws IOException {
        for (String line : Files.readAllLines(DATA.resolve(file))) {
            String[] pair = line.split("\t");
            String given = JsonFile.mapper().readValue(pair[0], String.class);
            String wanted = JsonFile.mapper().readValue(pair[1], String.class);
            assertThat(repair.apply(given)).as(pair[0]).isEqualTo(wanted);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "schÃ¶n|schön",
                "â€œhereâ€\u009d|\"here\"",
                "ï¬‚uï¬ƒest|fluffiest",
                "Brontë…”|Brontë…\"",
                "&lt;b&gt; P&EACUTE;REZ|<b> PÉREZ",
                "<b> &eacute;|<b> &eacute;",
                "ＡＢ　１|AB 1"
            })
    void wellKnownDamageIsRepaired(String given, String wanted) {
        assertThat(TextRepair.repair(given)).isEqualTo(wanted);
    }

    @Test
    void promptsAreCleanedAsByClip() {
        assertThat(PromptCleaning.clip(" A\t&amp;amp;\u00a0B \u2019s\r\nCAFÃ‰ "))
                .isEqualTo("a & b 's café");
        assertThat(PromptCleaning.basic("  &amp;lt;  x ")).isEqualTo("<  x");
        assertThat(PromptCleaning.spaces("\u001c")).isEmpty();
    }

    @Test
    void halvesOfCharactersAreReplaced() {
        assertThat(TextRepair.repair("a\ud83db")).isEqualTo("a\ufffdb");
        assertThat(TextRepair.repair("a\ud83d\ude00b")).isEqualTo("a\ud83d\ude00b");
    }

    @Test
    void longTextIsRepairedAsWell() {
        assertThat(TextRepair.repair("Ã©".repeat(50_000) + "你"))
                .isEqualTo("é".repeat(50_000) + "你");
    }
}
