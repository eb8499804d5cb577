package org.dit4j.pipeline;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.dit4j.ConfigException;
import org.dit4j.Suggestion;

/// The classes that a model knows, by number and by name. Immutable.
///
/// A name may hold several, separated by commas, as the names of ImageNet do (diffusers'
/// `id2label`). Names are found whatever their case, hyphens or plural: `cat faces` is `cat-face`.
///
/// @param names name of each class, in the order of the numbers
public record ClassNames(List<String> names) {
    private static final int SUGGESTIONS = 5;

    /// Copies the list.
    public ClassNames {
        names = List.copyOf(names);
        ConfigException.require(!names.isEmpty(), "a model needs the name of at least one class");
    }

    /// Returns the number of a class.
    ///
    /// @param text a name or a number
    /// @throws ConfigException if there is no such class; the message names similar ones
    public int id(String text) {
        String wanted = text.strip();
        if (wanted.matches("\\d{1,9}")) {
            int id = Integer.parseInt(wanted);
            ConfigException.require(
                    id < names.size(),
                    "there is no class %d: the numbers go from 0 to %d",
                    id,
                    names.size() - 1);
            return id;
        }
        for (int i = 0; i < names.size(); i++) {
            if (synonyms(names.get(i)).contains(plain(wanted))) {
                return i;
            }
        }
        throw new ConfigException(
                "there is no class \"%s\"; the most similar ones: %s"
                        .formatted(wanted, String.join(", ", similar(wanted))));
    }

    /// Returns the names that are most like `text`.
    List<String> similar(String text) {
        String wanted = plain(text);
        return names.stream()
                .sorted(Comparator.comparingDouble(n -> distance(wanted, n)))
                .limit(SUGGESTIONS)
                .toList();
    }

    private static double distance(String wanted, String name) {
        return synonyms(name).stream()
                .mapToDouble(n -> {
                    double edits =
                            Suggestion.distance(wanted, n)
                                    / (double) Math.max(wanted.length(), n.length());
                    return n.contains(wanted) || wanted.contains(n) ? edits - 1 : edits;
                })
                .min()
                .orElse(1);
    }

    private static List<String> synonyms(String name) {
        var all = new ArrayList<String>();
        for (String part : name.split(",", -1)) {
            all.add(plain(part));
        }
        all.add(plain(name));
        return all;
    }

    /// Lower case, words separated by a blank, without the s of the plural.
    private static String plain(String text) {
        return List.of(text.toLowerCase(Locale.ROOT).split("[^\\p{L}\\p{N}]+", -1)).stream()
                .filter(word -> !word.isEmpty())
                .map(word -> word.length() > 3 ? word.replaceFirst("s$", "") : word)
                .collect(Collectors.joining(" "));
    }
}
