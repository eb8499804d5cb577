package org.dit4j.tensor;

import org.dit4j.Dit4jException;

/// A tensor has another shape than the one that was asked for.
public class ShapeException extends Dit4jException {
    private static final long serialVersionUID = 1L;

    /// Creates an exception with the line that a user reads.
    public ShapeException(String message) {
        super(message);
    }
}
