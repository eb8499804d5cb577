package org.dit4j.conformance;

/// How a tensor or a whole case came out.
public enum Status {
    /// Within the tolerance.
    PASS,
    /// Not recomputed: the library does not have this yet.
    UNSUPPORTED,
    /// Outside the tolerance, of another shape, or an error.
    FAIL;

    /// Returns the worse of two: FAIL before UNSUPPORTED before PASS.
    public Status worse(Status other) {
        return compareTo(other) >= 0 ? this : other;
    }
}
