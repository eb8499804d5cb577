package org.dit4j.pipeline;

/// Whether the parts of a pipeline stay in memory while they are not needed.
public enum Residency {
    /// All parts stay, for the next request.
    KEEP,
    /// Text encoders are freed once the prompts of a request are encoded, so that they and the
    /// network need not fit into memory together.
    RELEASE
}
