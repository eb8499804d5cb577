package org.dit4j.app.data;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.dit4j.data.Captions;

/// Prompts to judge a model by, for one emoji. The lists stand side by side in both languages.
///
/// @param emoji the code points of the base, as `subject` in `metadata.jsonl`
/// @param trained with which its pictures are trained, unless the emoji is held out
/// @param reworded the same wish in a wording that is never trained with
/// @param otherStyles asks for styles that it is not drawn in
/// @param otherColours asks for it in another colour under a name that no emoji has; where its own
///   name says no colour, the drawing may happen to have the one asked for (a yellow banana)
record EmojiPrompts(
        String emoji, Texts trained, Texts reworded, Texts otherStyles, Texts otherColours) {
    /// Texts in both languages.
    record Texts(List<String> en, List<String> zh) {}

    /// Writes the prompts for an emoji.
    ///
    /// @param drawn the styles that the data set has it in
    /// @param known the English names of all emoji
    static EmojiPrompts of(Emoji emoji, Set<EmojiStyle> drawn, Set<String> known) {
        EmojiCaptions captions = EmojiCaptions.of(emoji);
        var in = new ArrayList<Captions>();
        var missing = new ArrayList<Captions>();
        for (EmojiStyle style : EmojiStyle.values()) {
            (drawn.contains(style) ? in : missing).add(captions.in(style));
        }
        Optional<Emoji.Bilingual> swapped =
                ColourSwap.of(captions.names(), emoji.group().key(), known);
        List<Captions> coloured =
                swapped.stream()
                        .flatMap(name -> drawn.stream().sorted().map(captions.renamed(name)::in))
                        .toList();
        return new EmojiPrompts(
                emoji.subject(),
                trained(in),
                new Texts(
                        in.stream().flatMap(c -> c.heldOutIn("en").stream()).toList(),
                        in.stream().flatMap(c -> c.heldOutIn("zh").stream()).toList()),
                styled(missing),
                styled(coloured));
    }

    private static Texts trained(List<Captions> captions) {
        return new Texts(
                captions.stream().flatMap(c -> c.in("en").stream()).distinct().toList(),
                captions.stream().flatMap(c -> c.in("zh").stream()).distinct().toList());
    }

    /// The third wording names the thing and the style and nothing else.
    private static Texts styled(List<Captions> captions) {
        return new Texts(
                captions.stream().map(c -> c.in("en").get(2)).toList(),
                captions.stream().map(c -> c.in("zh").get(2)).toList());
    }
}
