package org.dit4j.app.hub;

import org.dit4j.Dit4jException;

/// A model cannot be pulled: message = model or file, what happened, what to do.
public final class HubException extends Dit4jException {
    private static final long serialVersionUID = 1L;

    /// Creates an exception with the line that a user reads.
    public HubException(String message) {
        super(message);
    }

    /// Creates an exception with the line that a user reads and what caused it.
    public HubException(String message, Throwable cause) {
        super(message, cause);
    }

    /// Throws unless `rule` holds.
    ///
    /// @throws HubException with `message` formatted with `args`
    static void require(boolean rule, String message, Object... args) {
        if (!rule) {
            throw new HubException(String.format(message, args));
        }
    }
}
