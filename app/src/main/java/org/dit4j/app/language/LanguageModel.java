package org.dit4j.app.language;

/// A model that answers text with text.
@FunctionalInterface
public interface LanguageModel {
    /// Does with `text` what `instruction` says.
    ///
    /// @return one line of 1 to [Answer#MAX_LENGTH] characters, see [Answer#clean]
    /// @throws AnswerException if there is an answer that cannot be used
    /// @throws LanguageModelException in one line if there is no answer
    String answer(String instruction, String text);
}
