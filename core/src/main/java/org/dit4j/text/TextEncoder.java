package org.dit4j.text;

import java.util.List;

/// Texts to the states of their tokens, by a network that is never trained here.
///
/// Thread-safe. Results belong to the caller's innermost scope and are not recorded for gradients.
public interface TextEncoder extends AutoCloseable {
    /// Encodes texts as they are: brackets mean nothing. Any text will do, the empty one too.
    ///
    /// @throws org.dit4j.ConfigException if the list is empty
    default TextStates encode(List<String> texts) {
        return encodeWeighted(texts.stream().map(WeightedText::plain).toList());
    }

    /// Encodes texts, parts of which count more or less than the rest.
    ///
    /// A token has the mean weight of its characters. The states of a text's tokens are multiplied
    /// by the weights, then all by one number that gives them their former mean length (Euclidean
    /// norm). Programs for other encoders restore the mean of all elements instead; that of a
    /// layer-normalised encoder is about 0, so dividing by it would be arbitrary.
    ///
    /// @throws org.dit4j.ConfigException if the list is empty
    TextStates encodeWeighted(List<WeightedText> texts);

    /// Returns the size D of a token's state.
    int width();

    /// Returns the largest number of tokens of a text, those that mark start and end included.
    int maxTokens();

    /// Frees the network, after waiting for calls that are being answered.
    @Override
    void close();
}
