package org.dit4j;

import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;

/// What a user may have meant by a name that does not exist.
public final class Suggestion {
    private Suggestion() {}

    /// Returns a line such as `there is no sampler dmp++2m; did you mean dpm++2m? There are ddpm,
    /// ddim, dpm++2m`. The question is left out where no name is close.
    ///
    /// @param kind what the name stands for, such as `sampler`
    /// @param known all names, in the order to list them
    public static String line(String kind, String given, Collection<String> known) {
        String meant =
                known.stream()
                        .min(Comparator.comparingInt(name -> distance(given, name)))
                        .filter(name -> distance(given, name) <= Math.max(1, given.length() / 3))
                        .map(name -> " did you mean " + name + "?")
                        .orElse("");
        return "there is no %s %s;%s there are %s"
                .formatted(kind, given, meant, String.join(", ", known));
    }

    /// Returns how many letters have to be put in, taken out or changed (Levenshtein 1966),
    /// whatever their case.
    public static int distance(String a, String b) {
        String from = a.toLowerCase(Locale.ROOT);
        String to = b.toLowerCase(Locale.ROOT);
        var row = new int[to.length() + 1];
        for (int j = 0; j < row.length; j++) {
            row[j] = j;
        }
        for (int i = 1; i <= from.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j < row.length; j++) {
                int change = diagonal + (from.charAt(i - 1) == to.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(change, Math.min(row[j], row[j - 1]) + 1);
            }
        }
        return row[to.length()];
    }
}
