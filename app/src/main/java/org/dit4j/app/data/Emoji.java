package org.dit4j.app.data;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/// An emoji and its names.
///
/// @param hexcode the code points in emojibase's form, such as `1F44B-1F3FB`
/// @param base the hexcode of the emoji that it is a skin tone of, or its own
/// @param label the class: the key of its subgroup, such as `cat-face`
/// @param text its English name
/// @param textZh its Chinese name
/// @param tags English words for it
/// @param tagsZh Chinese words for it
record Emoji(
        String hexcode,
        String base,
        String label,
        String text,
        String textZh,
        List<String> tags,
        List<String> tagsZh) {
    /// Returns what the same emoji has in common in all the packages, which differ in letter case,
    /// leading zeros and the variation selector FE0F.
    static String key(String hexcode) {
        return Arrays.stream(hexcode.toLowerCase(Locale.ROOT).split("-"))
                .filter(point -> !point.equals("fe0f"))
                .map(point -> point.replaceFirst("^0+", ""))
                .collect(Collectors.joining("-"));
    }
}
