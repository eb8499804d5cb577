package org.dit4j.app.language;

import org.dit4j.Dit4jException;

/// A language model gives no answer: message = where it is, what happened.
public class LanguageModelException extends Dit4jException {
    private static final long serialVersionUID = 1L;

    /// Creates an exception with the line that a user reads.
    public LanguageModelException(String message) {
        super(message);
    }

    /// Creates an exception with the line that a user reads and what caused it.
    public LanguageModelException(String message, Throwable cause) {
        super(message, cause);
    }
}
