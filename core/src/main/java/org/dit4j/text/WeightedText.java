package org.dit4j.text;

import java.util.List;
import org.dit4j.ConfigException;

/// A text, parts of which count more or less than the rest.
///
/// @param text without any marks
/// @param spans parts with a weight other than 1, in order and apart from each other
public record WeightedText(String text, List<Span> spans) {
    /// Checks that the spans lie in the text, one behind the other.
    public WeightedText {
        spans = List.copyOf(spans);
        int from = 0;
        for (Span s : spans) {
            ConfigException.require(
                    s.start >= from && s.end <= text.length(),
                    "the weighted part %d to %d must lie in %d to %d",
                    s.start,
                    s.end,
                    from,
                    text.length());
            from = s.end;
        }
    }

    /// A part of a text.
    ///
    /// @param start index of the first `char`
    /// @param end index after the last `char`
    /// @param weight in [0, 10]; 1 is that of the text elsewhere
    public record Span(int start, int end, double weight) {
        /// The largest weight.
        public static final double MOST = 10;

        /// Checks the ranges.
        public Span {
            ConfigException.require(
                    start >= 0 && end > start,
                    "a weighted part must have characters but is %d to %d",
                    start,
                    end);
            ConfigException.require(
                    weight >= 0 && weight <= MOST,
                    "the weight of a part of a text must be in [0, 10] but is %.4g",
                    weight);
        }
    }

    /// Returns a text without weights.
    public static WeightedText plain(String text) {
        return new WeightedText(text, List.of());
    }

    /// Reads a prompt with the marks that are common in programs that make pictures from text:
    /// `(word:1.3)` weighs 1.3, `(word)` 1.1, `[word]` 1 / 1.1; marks inside marks multiply; `\(`,
    /// `\)`, `\[`, `\]` and `\\` are the characters themselves. A bracket without its partner is a
    /// character like others.
    ///
    /// @throws ConfigException if a weight is above 10
    public static WeightedText parse(String prompt) {
        return new PromptMarks(prompt).read();
    }

    /// Returns the weights of all `char`s.
    double[] weights() {
        var weights = new double[text.length()];
        java.util.Arrays.fill(weights, 1);
        spans.forEach(s -> java.util.Arrays.fill(weights, s.start, s.end, s.weight));
        return weights;
    }
}
