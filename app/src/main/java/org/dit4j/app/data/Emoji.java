package org.dit4j.app.data;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/// An emoji and its names.
///
/// @param hexcode the code points in emojibase's form, such as `1F44B-1F3FB`
/// @param base the hexcode of the emoji that it is a skin tone of, or its own
/// @param group the group, such as smileys and emotion
/// @param subgroup the subgroup: the class
/// @param text its English and Chinese name in emojibase, with the skin tone
/// @param name the same of the base, so without skin tone
/// @param tags English and Chinese words for it
/// @param tones its skin tones, of one person or two; mostly none
record Emoji(
        String hexcode,
        String base,
        EmojiGroup group,
        EmojiGroup subgroup,
        Bilingual text,
        Bilingual name,
        BilingualTags tags,
        List<SkinTone> tones) {
    /// A text in English and Chinese.
    record Bilingual(String en, String zh) {}

    /// Words in English and Chinese.
    record BilingualTags(List<String> en, List<String> zh) {}

    /// Keeps a copy of the tones.
    Emoji {
        tones = List.copyOf(tones);
    }

    /// Returns what names the class's folder: the key of the subgroup, such as `cat-face`.
    String label() {
        return subgroup.key();
    }

    /// Returns the code points of the base, without variation selectors, as in `1F44B`: the same
    /// for all skin tones and styles.
    String subject() {
        return key(base).toUpperCase(Locale.ROOT);
    }

    /// Returns what the same emoji has in common in all the packages, which differ in letter case,
    /// leading zeros and the variation selector FE0F.
    static String key(String hexcode) {
        return Arrays.stream(hexcode.toLowerCase(Locale.ROOT).split("-"))
                .filter(point -> !point.equals("fe0f"))
                .map(point -> point.replaceFirst("^0+", ""))
                .collect(Collectors.joining("-"));
    }
}
