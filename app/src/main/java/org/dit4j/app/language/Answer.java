package org.dit4j.app.language;

import java.util.List;
import java.util.regex.Pattern;

/// Makes plain data of what a language model wrote.
final class Answer {
    /// The longest answer that is taken, in UTF-16 units.
    static final int MAX_LENGTH = 2000;

    /// What a reasoning model writes to itself before it answers.
    private static final Pattern THOUGHT =
            Pattern.compile("^\\s*<think>.*?</think>", Pattern.DOTALL);

    private static final Pattern SPACE = Pattern.compile("[\\s\\u0085\\p{Z}]+");

    /// Controls, what turns the direction of writing or is unassigned, halves of characters.
    private static final Pattern HIDDEN =
            Pattern.compile(
                    "[\\p{Cc}\\p{Cs}\\p{Cn}\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069\\ufeff]");

    private static final List<String> QUOTES =
            List.of("\"\"", "''", "``", "“”", "‘’", "„“", "«»", "「」", "『』", "《》");

    private Answer() {}

    /// Returns the text on one line, without the thoughts before it, control characters, and
    /// quotation marks around the whole of it.
    ///
    /// @throws AnswerException if nothing is left, or more than [#MAX_LENGTH]
    static String clean(String written) {
        String line = THOUGHT.matcher(written).replaceFirst("");
        line = SPACE.matcher(line).replaceAll(" ");
        line = unquoted(HIDDEN.matcher(line).replaceAll("").strip());
        if (line.isBlank()) {
            throw new AnswerException("the answer is empty");
        }
        if (line.length() > MAX_LENGTH) {
            throw new AnswerException(
                    "the answer has %d characters, at most %d are taken"
                            .formatted(line.length(), MAX_LENGTH));
        }
        return line;
    }

    private static String unquoted(String line) {
        for (String pair : QUOTES) {
            char open = pair.charAt(0);
            char close = pair.charAt(1);
            boolean quoted =
                    line.length() >= 2 && line.charAt(0) == open && line.endsWith("" + close);
            if (quoted) {
                String inner = line.substring(1, line.length() - 1);
                // "a" and "b" are two quotations
                return inner.indexOf(open) < 0 && inner.indexOf(close) < 0
                        ? unquoted(inner.strip())
                        : line;
            }
        }
        return line;
    }
}
