package org.dit4j;

/// The root of everything this library throws on its own account. The message is one line that says
/// what was wanted, what was given and where.
public class Dit4jException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /// Creates an exception with the line that a user reads.
    public Dit4jException(String message) {
        super(message);
    }

    /// Creates an exception with the line that a user reads and what caused it.
    public Dit4jException(String message, Throwable cause) {
        super(message, cause);
    }
}
