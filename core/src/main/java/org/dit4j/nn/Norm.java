package org.dit4j.nn;

import org.bytedeco.pytorch.Tensor;

/// A normalisation of the last axis.
public sealed interface Norm permits LayerNorm, RmsNorm {
    /// Normalises `[..., D]`.
    Tensor forward(Tensor x);
}
