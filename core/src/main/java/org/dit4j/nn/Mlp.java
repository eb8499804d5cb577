package org.dit4j.nn;

import org.bytedeco.pytorch.Tensor;

/// The feed-forward part of a transformer block: linear, GELU (tanh), linear.
///
/// @param fc1 D to hidden
/// @param fc2 hidden to D
public record Mlp(Linear fc1, Linear fc2) {
    /// Builds it from `fc1` and `fc2` below `source`.
    public static Mlp of(ParameterSource source, long width, long hidden) {
        return new Mlp(source.linear("fc1", width, hidden), source.linear("fc2", hidden, width));
    }

    /// Applies it to `[..., D]`.
    public Tensor forward(Tensor x) {
        return fc2.forward(fc1.geluTanh(x));
    }
}
