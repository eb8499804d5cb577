package org.dit4j.data;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;

/// What a picture shows, in words: several texts for each language, of which a training step may
/// take any, and texts of a wording that is never trained with, to ask a model in other words.
///
/// @param texts by language, an ISO 639 code such as `en` or [#UNDETERMINED]; in the data's order
/// @param heldOut by language, not to be trained with
public record Captions(Map<String, List<String>> texts, Map<String, List<String>> heldOut) {
    /// The ISO 639 code of a text whose language is not said.
    public static final String UNDETERMINED = "und";

    /// No captions.
    public static final Captions NONE = new Captions(Map.of(), Map.of());

    /// The most languages a picture may have.
    public static final int MAX_LANGUAGES = 16;

    /// The most texts a picture may have in a language.
    public static final int MAX_TEXTS = 64;

    /// The longest text, in UTF-16 units.
    public static final int MAX_LENGTH = 4096;

    /// Checks the numbers and lengths and keeps copies.
    ///
    /// @throws DataException if there are too many, one is blank or too long, or a text is held out
    ///   and trained with
    public Captions {
        texts = checked("captions", texts);
        heldOut = checked("captions_held_out", heldOut);
        for (var language : heldOut.entrySet()) {
            List<String> trained = texts.getOrDefault(language.getKey(), List.of());
            for (String text : language.getValue()) {
                DataException.require(
                        !trained.contains(text),
                        "\"%s\" is in captions and in captions_held_out",
                        text);
            }
        }
    }

    private static Map<String, List<String>> checked(String key, Map<String, List<String>> texts) {
        DataException.require(
                texts.size() <= MAX_LANGUAGES,
                "%s has %d languages, at most %d are allowed",
                key,
                texts.size(),
                MAX_LANGUAGES);
        var copy = new LinkedHashMap<String, List<String>>();
        texts.forEach((language, list) -> {
            check(key, language, list);
            copy.put(language, List.copyOf(list));
        });
        return java.util.Collections.unmodifiableMap(copy);
    }

    private static void check(String key, String language, List<String> list) {
        DataException.require(
                !list.isEmpty() && list.size() <= MAX_TEXTS,
                "%s must have 1 to %d texts in %s but has %d",
                key,
                MAX_TEXTS,
                language,
                list.size());
        for (String text : list) {
            DataException.require(!text.isBlank(), "%s has a blank text in %s", key, language);
            DataException.require(
                    text.length() <= MAX_LENGTH,
                    "%s has a text of %d characters in %s, at most %d are allowed",
                    key,
                    text.length(),
                    language,
                    MAX_LENGTH);
        }
    }

    /// Returns whether there is no text to train with.
    public boolean isEmpty() {
        return texts.isEmpty();
    }

    /// Returns the languages of the texts to train with, sorted.
    public SortedSet<String> languages() {
        return new TreeSet<>(texts.keySet());
    }

    /// Returns the texts to train with in a language, none if there are none.
    public List<String> in(String language) {
        return texts.getOrDefault(language, List.of());
    }

    /// Returns the texts of a language that are never trained with, none if there are none.
    public List<String> heldOutIn(String language) {
        return heldOut.getOrDefault(language, List.of());
    }
}
