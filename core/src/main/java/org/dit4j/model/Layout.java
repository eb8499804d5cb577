package org.dit4j.model;

/// How the tensors of a checkpoint are named.
public enum Layout {
    /// As in the repository of the paper, or of the authors who published the weights.
    ORIGINAL,
    /// As there, in a file that holds the other networks of a pipeline too, below a prefix.
    SINGLE_FILE,
    /// As in Hugging Face's diffusers.
    DIFFUSERS
}
