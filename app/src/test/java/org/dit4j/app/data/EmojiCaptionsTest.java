package org.dit4j.app.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class EmojiCaptionsTest {
    private static Emoji emoji(String group, String en, String zh) {
        var name = new Emoji.Bilingual(en, zh);
        return new Emoji(
                "2764-FE0F",
                "2764-FE0F",
                EmojiGroup.named("groups").get(group),
                EmojiGroup.named("subgroups").get("heart"),
                name,
                name,
                new Emoji.BilingualTags(List.of("love", "red"), List.of("爱", "心")),
                List.of());
    }

    private static final Emoji HEART = emoji("smileys-emotion", "red heart", "红色的心");

    @Test
    void captionsNameStyleGroupAndTags() {
        var captions = EmojiCaptions.of(HEART).in(EmojiStyle.FLUENT);
        assertThat(captions.in("en"))
                .containsExactly(
                        "red heart",
                        "a red heart emoji",
                        "a red heart, 3D style",
                        "hearts",
                        "red heart emoji in 3D style",
                        "emoji of a red heart from the group smileys and emotion",
                        "hearts: red heart, 3D style",
                        "love, red, emoji",
                        "red heart (love), 3D style");
        assertThat(captions.in("zh"))
                .containsExactly(
                        "红色的心",
                        "红色的心的表情符号",
                        "3D风格的红色的心",
                        "爱心",
                        "红色的心，3D风格",
                        "“笑脸与情感”类的表情符号：红色的心",
                        "爱心：3D风格的红色的心",
                        "爱、心",
                        "红色的心（爱），3D风格");
        assertThat(captions.heldOutIn("en"))
                .containsExactly("a small 3D icon that shows a red heart");
        assertThat(captions.heldOutIn("zh")).containsExactly("请用3D风格画一个小图标，内容是红色的心");
    }

    @Test
    void labelsBecomeNames() {
        assertThat(EmojiName.english("flag: Chad")).isEqualTo("flag of Chad");
        assertThat(EmojiName.english("woman: bald")).isEqualTo("bald woman");
        assertThat(EmojiName.english("man: beard")).isEqualTo("man with a beard");
        assertThat(EmojiName.chinese("旗: 乍得")).isEqualTo("乍得旗帜");
        assertThat(EmojiName.chinese("男人: 红发")).isEqualTo("红发男人");
        assertThat(EmojiName.chinese("家庭: 男人女人女孩")).isEqualTo("家庭（男人、女人、女孩）");
        assertThat(EmojiName.chinese("坐手动轮椅的人: 面向右边")).isEqualTo("面向右边、坐手动轮椅的人");
    }

    @Test
    void articlesFitTheSoundAndTheNumber() {
        assertThat(EmojiName.withArticle("owl", "animals-nature")).isEqualTo("an owl");
        assertThat(EmojiName.withArticle("unicorn", "animals-nature")).isEqualTo("a unicorn");
        assertThat(EmojiName.withArticle("hourglass done", "objects"))
                .isEqualTo("an hourglass done");
        assertThat(EmojiName.withArticle("grapes", "food-drink")).isEqualTo("grapes");
        assertThat(EmojiName.withArticle("Mount Fuji", "travel-places")).isEqualTo("Mount Fuji");
        assertThat(EmojiName.withArticle("flag of Chad", "flags")).isEqualTo("the flag of Chad");
    }

    @Test
    void promptsAskForWhatIsNotDrawn() {
        var prompts =
                EmojiPrompts.of(
                        HEART,
                        Set.of(EmojiStyle.NOTO, EmojiStyle.FLUENT),
                        Set.of("red heart", "blue heart", "green heart", "yellow heart"));
        assertThat(prompts.emoji()).isEqualTo("2764");
        assertThat(prompts.otherStyles().en()).containsExactly("a red heart, Twemoji style");
        assertThat(prompts.otherStyles().zh()).containsExactly("Twemoji风格的红色的心");
        assertThat(prompts.otherColours().en())
                .containsExactly("a purple heart, Noto style", "a purple heart, 3D style");
        assertThat(prompts.otherColours().zh()).containsExactly("Noto风格的紫色的心", "3D风格的紫色的心");
        assertThat(prompts.trained().en())
                .hasSizeGreaterThan(8)
                .doesNotContainAnyElementsOf(prompts.reworded().en())
                .doesNotContainAnyElementsOf(prompts.otherStyles().en());
    }

    @Test
    void skinTonesAreNamedForOneAndTwo() {
        var two = List.of(SkinTone.of(1), SkinTone.of(5));
        assertThat(SkinTone.english(two)).isEqualTo("light and dark skin tones");
        assertThat(SkinTone.chinese(two)).isEqualTo("浅、深");
        assertThat(SkinTone.english(List.of())).isEmpty();
    }
}
