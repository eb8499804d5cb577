package org.dit4j.text;

/// A text that was longer than its encoder takes: the tokens after the first `kept - 1` are not in
/// the states. Counts include the two tokens that mark start and end.
///
/// @param text index of the text in the list that was encoded
/// @param given number of tokens of the whole text
/// @param kept number of tokens that were encoded
public record Truncation(int text, int given, int kept) {
    /// Returns the line that a user reads.
    @Override
    public String toString() {
        return "text %d has %d tokens, of which %d were encoded".formatted(text, given, kept);
    }
}
