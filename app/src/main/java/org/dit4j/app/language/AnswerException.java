package org.dit4j.app.language;

/// A language model gave an answer that cannot be used; the next question may fare better.
public final class AnswerException extends LanguageModelException {
    private static final long serialVersionUID = 1L;

    /// Creates an exception with the line that a user reads.
    public AnswerException(String message) {
        super(message);
    }

    /// Creates an exception with the line that a user reads and what caused it.
    public AnswerException(String message, Throwable cause) {
        super(message, cause);
    }
}
