package org.dit4j.text;

import org.dit4j.Dit4jException;

/// A text encoder cannot be opened or run: message = which encoder, what was wanted, why not.
public class TextException extends Dit4jException {
    private static final long serialVersionUID = 1L;

    /// Creates an exception with the line that a user reads.
    public TextException(String message) {
        super(message);
    }

    /// Creates an exception with the line that a user reads and what caused it.
    public TextException(String message, Throwable cause) {
        super(message, cause);
    }
}
