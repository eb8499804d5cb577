package org.dit4j.app.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.data.Captions;
import org.dit4j.data.DataException;
import org.dit4j.data.ImageFolder;
import org.dit4j.data.Picture;
import org.dit4j.data.PictureFile;
import org.dit4j.data.TarReader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EmojiSetTest {
    private static final String ENGLISH =
            """
            [{"label": "waving hand", "hexcode": "1F44B", "tags": ["wave"], "group": 1, "subgroup": 16,
              "skins": [{"label": "waving hand: light", "hexcode": "1F44B-1F3FB", "subgroup": 16,
                         "tone": 1}]},
             {"label": "keycap: #", "hexcode": "0023-FE0F-20E3", "tags": [], "group": 8,
              "subgroup": 93},
             {"label": "red hair", "hexcode": "1F9B0", "tags": [], "group": 1, "subgroup": 33},
             {"label": "regional indicator A", "hexcode": "1F1E6"}]
            """;
    private static final String CHINESE =
            """
            [{"label": "挥手", "hexcode": "1F44B", "tags": ["招手"],
              "skins": [{"label": "挥手: 较浅肤色", "hexcode": "1F44B-1F3FB"}]},
             {"label": "按键: #", "hexcode": "0023-FE0F-20E3"}]
            """;
    private static final String GROUPS =
            """
            {"groups": {"1": "people-body", "8": "symbols"},
             "subgroups": {"16": "hand-fingers-open", "33": "hair-style", "93": "keycap"}}
            """;

    @TempDir Path folder;
    private final Map<String, byte[]> files = new TreeMap<>();

    EmojiSetTest() {
        text("package/en/data.json", ENGLISH);
        text("package/zh/data.json", CHINESE);
        text("package/meta/groups.json", GROUPS);
        byte[] drawing =
                PictureFile.encode(
                        Picture.of(1, 1, new byte[] {9, 9, 9}).centered(16, 16, 9), Map.of());
        files.put("package/img/google/64/1f44b.png", drawing);
        files.put("package/img/google/64/23-20e3.png", drawing);
        files.put("package/img/google/64/unknown.png", drawing);
        files.put("package/img/google/64/1f1e6.png", drawing);
        files.put("package/img/twitter/64/1f44b-1f3fb.png", drawing);
        files.put("package/img/twitter/64/0023-fe0f-20e3.png", new byte[] {1, 2, 3});
    }

    private void text(String name, String text) {
        files.put(name, text.getBytes(StandardCharsets.UTF_8));
    }

    private void read(
            NpmPackage pack, Predicate<String> wanted, TarReader.Sink sink, Progress progress) {
        for (var file : files.entrySet()) {
            if (wanted.test(file.getKey())) {
                try {
                    sink.accept(file.getKey(), file.getValue());
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
        }
    }

    private EmojiSet.Summary write(Path out) {
        return write(out, true);
    }

    private EmojiSet.Summary write(Path out, boolean skinTones) {
        var styles = EnumSet.of(EmojiStyle.NOTO, EmojiStyle.TWEMOJI);
        return new EmojiSet(32, styles, skinTones, this::read).write(out, (_, _, _) -> {});
    }

    @Test
    void skinTonesCanBeLeftOut() throws IOException {
        Path out = folder.resolve("emoji");
        assertThat(write(out, false).classes())
                .isEqualTo(Map.of("hand-fingers-open", 1, "keycap", 1));
        assertThat(Files.readString(out.resolve("metadata.jsonl"))).doesNotContain("1F3FB");
    }

    @Test
    void drawingsJoinTheirNamesInAFolderForEachClass() throws IOException {
        Path out = folder.resolve("emoji");
        EmojiSet.Summary summary = write(out);
        assertThat(summary.classes()).isEqualTo(Map.of("hand-fingers-open", 2, "keycap", 1));
        assertThat(summary.undrawn()).containsExactly("hair-style");
        assertThat(PictureFile.read(out.resolve("keycap/0023-FE0F-20E3-noto.png")).width())
                .isEqualTo(16);
        var lines = Files.readAllLines(out.resolve("metadata.jsonl"));
        assertThat(lines).hasSize(3);
        var tone = JsonFile.mapper().readTree(lines.getFirst());
        assertThat(tone.path("file_name").asString(""))
                .isEqualTo("hand-fingers-open/1F44B-1F3FB-twemoji.png");
        assertThat(tone.path("base").asString("")).isEqualTo("1F44B");
        assertThat(tone.path("text").asString("")).isEqualTo("waving hand: light");
        assertThat(tone.path("text_zh").asString("")).isEqualTo("挥手: 较浅肤色");
        assertThat(tone.path("subject").asString("")).isEqualTo("1F44B");
        assertThat(tone.path("skin_tone").asString("")).isEqualTo("light skin tone");
        assertThat(tone.path("skin_tone_zh").asString("")).isEqualTo("浅");
        assertThat(tone.path("group_zh").asString("")).isEqualTo("人物与身体");
        Captions captions = ImageFolder.open(out).examples().getFirst().captions();
        assertThat(captions.in("en"))
                .contains("a waving hand, light skin tone, Twemoji style")
                .contains("open hands, light skin tone")
                .doesNotContainAnyElementsOf(captions.heldOutIn("en"));
        assertThat(captions.in("zh")).contains("Twemoji风格的挥手，肤色：浅");
        assertThat(Files.readAllLines(out.resolve("prompts.jsonl")))
                .hasSize(2)
                .anyMatch(line -> line.contains("3D风格的挥手"));
        var manifest = JsonFile.tree(out.resolve("manifest.json"));
        assertThat(manifest.path("pictures").asInt(0)).isEqualTo(3);
        assertThat(manifest.path("packages").size()).isEqualTo(3);
        assertThat(manifest.path("classes_without_pictures").get(0).asString(""))
                .isEqualTo("hair-style");
    }

    @Test
    void aDamagedDrawingIsNamedAndLeftOut() {
        assertThat(write(folder.resolve("emoji")).skipped())
                .singleElement()
                .asString()
                .startsWith("twemoji 0023-FE0F-20E3-twemoji.png: ");
    }

    @Test
    void aFailureLeavesNothingBehind() {
        text("package/zh/data.json", "{");
        assertThatThrownBy(() -> write(folder.resolve("emoji")))
                .isInstanceOf(DataException.class)
                .hasMessage("emojibase-data@17.0.0: package/zh/data.json is not JSON");
        text("package/zh/data.json", CHINESE);
        files.remove("package/meta/groups.json");
        assertThatThrownBy(() -> write(folder.resolve("emoji"))).isInstanceOf(DataException.class);
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void namesThatCouldLeaveTheFolderAreRefused() {
        text("package/meta/groups.json", GROUPS.replace("keycap", "../keycap"));
        assertThatThrownBy(() -> write(folder.resolve("emoji")))
                .isInstanceOf(DataException.class)
                .hasMessageContaining("unexpected class ../keycap");
        text("package/meta/groups.json", GROUPS);
        text("package/en/data.json", ENGLISH.replace("\"1F44B\"", "\"../1F44B\""));
        assertThatThrownBy(() -> write(folder.resolve("emoji")))
                .isInstanceOf(DataException.class)
                .hasMessageContaining("unexpected hexcode ../1F44B");
    }

    @Test
    void aFolderWithSomethingInItIsLeftAlone() throws IOException {
        Files.writeString(folder.resolve("mine.txt"), "precious");
        assertThatThrownBy(() -> write(folder))
                .isInstanceOf(DataException.class)
                .hasMessage(folder + " is not empty; choose another folder or remove it first");
        assertThat(folder.resolve("mine.txt")).hasContent("precious");
    }

    @Test
    void theKeyJoinsTheSpellingsOfAllPackages() {
        assertThat(Emoji.key("0023-FE0F-20E3"))
                .isEqualTo("23-20e3")
                .isEqualTo(Emoji.key("23-20e3"));
    }
}
