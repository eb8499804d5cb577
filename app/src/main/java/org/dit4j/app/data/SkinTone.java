package org.dit4j.app.data;

import java.util.List;
import java.util.stream.Collectors;
import org.dit4j.data.DataException;

/// The skin tones of Unicode (UTS 51, section 2.4), in the order of emojibase's numbers 1 to 5.
enum SkinTone {
    LIGHT("light", "浅"),
    MEDIUM_LIGHT("medium-light", "中浅"),
    MEDIUM("medium", "中等"),
    MEDIUM_DARK("medium-dark", "中深"),
    DARK("dark", "深");

    private final String en;
    private final String zh;

    SkinTone(String en, String zh) {
        this.en = en;
        this.zh = zh;
    }

    /// @throws DataException unless the number is 1 to 5
    static SkinTone of(int number) {
        DataException.require(
                number >= 1 && number <= values().length,
                "a skin tone must be 1 to 5 but is %d",
                number);
        return values()[number - 1];
    }

    /// Returns `light skin tone` or `light and dark skin tones`; empty for none.
    static String english(List<SkinTone> tones) {
        if (tones.isEmpty()) {
            return "";
        }
        String names = tones.stream().map(t -> t.en).collect(Collectors.joining(" and "));
        return names + (tones.size() == 1 ? " skin tone" : " skin tones");
    }

    /// Returns `浅` or `浅、深`; empty for none.
    static String chinese(List<SkinTone> tones) {
        return tones.stream().map(t -> t.zh).collect(Collectors.joining("、"));
    }
}
