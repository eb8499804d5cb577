package org.dit4j.app.data;

import java.util.List;
import java.util.Optional;
import java.util.Set;

/// Gives an emoji's names a colour: another one where both say one, or any for animals, food and
/// objects whose names say none. Names are all that is looked at, not the drawings.
final class ColourSwap {
    private static final Set<String> COLOURLESS = Set.of("animals-nature", "food-drink", "objects");
    private static final List<Emoji.Bilingual> COLOURS =
            List.of(
                    new Emoji.Bilingual("red", "红"),
                    new Emoji.Bilingual("blue", "蓝"),
                    new Emoji.Bilingual("green", "绿"),
                    new Emoji.Bilingual("yellow", "黄"),
                    new Emoji.Bilingual("purple", "紫"),
                    new Emoji.Bilingual("pink", "粉"),
                    new Emoji.Bilingual("orange", "橙"),
                    new Emoji.Bilingual("brown", "棕"),
                    new Emoji.Bilingual("black", "黑"),
                    new Emoji.Bilingual("white", "白"));
    private static final List<Emoji.Bilingual> BRIGHT = COLOURS.subList(0, 5);

    private ColourSwap() {}

    /// Returns the name with the other colour, if there is a fitting one that no emoji has; which
    /// one depends on nothing but the name.
    ///
    /// @param group the key of its group
    /// @param known the English names of all emoji
    static Optional<Emoji.Bilingual> of(Emoji.Bilingual name, String group, Set<String> known) {
        int first = Math.floorMod(name.en().hashCode(), BRIGHT.size());
        for (int i = 0; i < BRIGHT.size(); i++) {
            Emoji.Bilingual to = BRIGHT.get((first + i) % BRIGHT.size());
            Optional<Emoji.Bilingual> other = coloured(name, group, to);
            if (other.isPresent() && !known.contains(other.get().en())) {
                return other;
            }
        }
        return Optional.empty();
    }

    private static Optional<Emoji.Bilingual> coloured(
            Emoji.Bilingual name, String group, Emoji.Bilingual to) {
        if (group.equals("flags")) {
            return Optional.empty();
        }
        for (Emoji.Bilingual from : COLOURS) {
            boolean both = says(name.en(), from) && name.zh().contains(from.zh() + "色");
            if (both && !from.equals(to)) {
                return Optional.of(
                        new Emoji.Bilingual(
                                name.en().replaceFirst("\\b" + from.en() + "\\b", to.en()),
                                name.zh().replaceFirst(from.zh() + "色", to.zh() + "色")));
            }
        }
        boolean none =
                COLOURS.stream().noneMatch(c -> says(name.en(), c) || name.zh().contains(c.zh()));
        return none && COLOURLESS.contains(group) && Character.isLowerCase(name.en().charAt(0))
                ? Optional.of(
                        new Emoji.Bilingual(
                                to.en() + " " + name.en(),
                                to.zh() + (name.zh().contains("的") ? "色的" : "色") + name.zh()))
                : Optional.empty();
    }

    private static boolean says(String name, Emoji.Bilingual colour) {
        return (" " + name + " ").contains(" " + colour.en() + " ");
    }
}
