package org.dit4j.train;

import org.dit4j.Dit4jException;

/// Training cannot go on: a number is not finite, or the state on disk does not fit.
public class TrainingException extends Dit4jException {
    private static final long serialVersionUID = 1L;

    /// Creates an exception with the line that a user reads.
    public TrainingException(String message) {
        super(message);
    }
}
