package org.dit4j.app.data;

import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.dit4j.data.Captions;

/// Writes the captions of an emoji in a style, always the same in the same order: texts to train
/// with, and one of another wording in each language that is never trained with.
///
/// @param group the key of the emoji's group
/// @param names what it is called
/// @param groups what its group and subgroup are called, separated: two texts in each language
/// @param tags words for it
/// @param tones its skin tones
record EmojiCaptions(
        String group,
        Emoji.Bilingual names,
        List<Emoji.Bilingual> groups,
        Emoji.BilingualTags tags,
        List<SkinTone> tones) {
    private static final int TAGS = 6;

    /// Returns the captions' parts for an emoji.
    static EmojiCaptions of(Emoji emoji) {
        var names =
                new Emoji.Bilingual(
                        EmojiName.english(emoji.name().en()), EmojiName.chinese(emoji.name().zh()));
        return new EmojiCaptions(
                emoji.group().key(),
                names,
                List.of(
                        new Emoji.Bilingual(emoji.group().en(), emoji.group().zh()),
                        new Emoji.Bilingual(emoji.subgroup().en(), emoji.subgroup().zh())),
                new Emoji.BilingualTags(
                        words(emoji.tags().en(), names.en()), words(emoji.tags().zh(), names.zh())),
                emoji.tones());
    }

    /// Returns the same under another name, such as one of another colour.
    EmojiCaptions renamed(Emoji.Bilingual other) {
        return new EmojiCaptions(group, other, groups, tags, tones);
    }

    /// Country codes and what the name says already are no words for a caption.
    private static List<String> words(List<String> tags, String name) {
        return tags.stream()
                .filter(tag -> !tag.equals(name) && !tag.matches("[A-Z]{2}|[A-Z]{2}[A-Z0-9]{2,4}"))
                .filter(tag -> tag.codePointCount(0, tag.length()) > 1 || tag.matches("\\p{IsHan}"))
                .distinct()
                .toList();
    }

    /// Returns the captions of the emoji in a style.
    Captions in(EmojiStyle style) {
        Map<String, List<String>> texts = new LinkedHashMap<>();
        texts.put("en", english(style));
        texts.put("zh", chinese(style));
        Map<String, List<String>> heldOut = new LinkedHashMap<>();
        heldOut.put("en", List.of(rewordedEnglish(style)));
        heldOut.put("zh", List.of(rewordedChinese(style)));
        return new Captions(texts, heldOut);
    }

    private List<String> english(EmojiStyle style) {
        String tone = SkinTone.english(tones);
        String with = tone.isEmpty() ? "" : ", " + tone;
        String one = EmojiName.withArticle(names.en(), group);
        var texts = new LinkedHashSet<String>();
        texts.add(names.en() + with);
        texts.add((one.equals(EmojiName.a(names.en())) ? one : names.en()) + " emoji" + with);
        texts.add("%s%s, %s".formatted(one, with, style.english()));
        texts.add(groups.getLast().en() + with);
        texts.add("%s emoji in %s%s".formatted(names.en(), style.english(), with));
        texts.add("emoji of %s from the group %s%s".formatted(one, groups.getFirst().en(), with));
        texts.add(
                "%s: %s, %s%s".formatted(groups.getLast().en(), names.en(), style.english(), with));
        if (tags.en().size() > 1) {
            texts.add(String.join(", ", some(tags.en(), TAGS)) + with + ", emoji");
        }
        List<String> more = beyond(tags.en(), names.en());
        if (!more.isEmpty()) {
            String words = String.join(", ", some(more, 3));
            texts.add("%s (%s), %s%s".formatted(names.en(), words, style.english(), with));
        }
        return List.copyOf(texts);
    }

    private List<String> chinese(EmojiStyle style) {
        String tone = tones.isEmpty() ? "" : "，肤色：" + SkinTone.chinese(tones);
        var texts = new LinkedHashSet<String>();
        texts.add(names.zh() + tone);
        texts.add(names.zh() + "的表情符号" + tone);
        texts.add("%s的%s%s".formatted(style.chinese(), names.zh(), tone));
        texts.add(groups.getLast().zh() + tone);
        texts.add("%s%s，%s".formatted(names.zh(), tone, style.chinese()));
        texts.add("“%s”类的表情符号：%s%s".formatted(groups.getFirst().zh(), names.zh(), tone));
        texts.add("%s：%s的%s%s".formatted(groups.getLast().zh(), style.chinese(), names.zh(), tone));
        if (tags.zh().size() > 1) {
            texts.add(String.join("、", some(tags.zh(), TAGS)) + tone);
        }
        List<String> more = beyond(tags.zh(), names.zh());
        if (!more.isEmpty()) {
            String words = String.join("、", some(more, 3));
            texts.add("%s（%s），%s%s".formatted(names.zh(), words, style.chinese(), tone));
        }
        return List.copyOf(texts);
    }

    private String rewordedEnglish(EmojiStyle style) {
        String tone = SkinTone.english(tones);
        return "a small %s icon that shows %s%s"
                .formatted(
                        style.word(),
                        EmojiName.withArticle(names.en(), group),
                        tone.isEmpty() ? "" : " (" + tone + ")");
    }

    private String rewordedChinese(EmojiStyle style) {
        String tone = SkinTone.chinese(tones);
        return "请用%s画一个小图标，内容是%s%s"
                .formatted(
                        style.chinese(),
                        names.zh(),
                        tone.isEmpty() ? "" : "（" + tone.replace("、", "肤色和") + "肤色）");
    }

    /// Returns the words that the name does not hold already.
    private static List<String> beyond(List<String> words, String name) {
        return words.stream().filter(word -> !name.contains(word)).toList();
    }

    /// Returns up to `most` of the words, spread over all of them.
    private static List<String> some(List<String> words, int most) {
        int n = Math.min(most, words.size());
        return IntStream.range(0, n).mapToObj(i -> words.get(i * words.size() / n)).toList();
    }
}
