package org.dit4j.app.data;

import java.util.List;
import java.util.Map;
import org.dit4j.data.Captions;

/// A line of the set's `metadata.jsonl`.
///
/// @param file_name the picture
/// @param label its class: the key of the subgroup, such as `cat-face`
/// @param style whose drawing: `noto`, `twemoji` or `fluent-3d`
/// @param text emojibase's English name, with the skin tone
/// @param text_zh the same in Chinese
/// @param tags English words
/// @param tags_zh Chinese words
/// @param base emojibase's hexcode of the emoji without skin tone
/// @param emoji the same without variation selectors
/// @param subject the same: what is held out together (see [org.dit4j.data.HoldOut])
/// @param group the English name of the group
/// @param group_zh the same in Chinese
/// @param subgroup the English name of the subgroup
/// @param subgroup_zh the same in Chinese
/// @param skin_tone in English, empty for none
/// @param skin_tone_zh in Chinese, empty for none
/// @param captions texts to train with, by language
/// @param captions_held_out texts never to be trained with, by language
record EmojiLine(
        String file_name,
        String label,
        String style,
        String text,
        String text_zh,
        List<String> tags,
        List<String> tags_zh,
        String base,
        String emoji,
        String subject,
        String group,
        String group_zh,
        String subgroup,
        String subgroup_zh,
        String skin_tone,
        String skin_tone_zh,
        Map<String, List<String>> captions,
        Map<String, List<String>> captions_held_out) {
    /// Returns the line of an emoji in a style.
    static EmojiLine of(Emoji e, EmojiStyle style) {
        Captions captions = EmojiCaptions.of(e).in(style);
        return new EmojiLine(
                "%s/%s-%s.png".formatted(e.label(), e.hexcode(), style),
                e.label(),
                style.key(),
                e.text().en(),
                e.text().zh(),
                e.tags().en(),
                e.tags().zh(),
                e.base(),
                e.subject(),
                e.subject(),
                e.group().en(),
                e.group().zh(),
                e.subgroup().en(),
                e.subgroup().zh(),
                SkinTone.english(e.tones()),
                SkinTone.chinese(e.tones()),
                captions.texts(),
                captions.heldOut());
    }
}
