package org.dit4j.nn;

import org.bytedeco.pytorch.Tensor;

/// The gated feed-forward part of a transformer block: `w2(silu(w1 x) * w3 x)`, without biases
/// (Shazeer 2020, arXiv:2002.05202).
///
/// @param w1 D to hidden, what is gated by
/// @param w2 hidden to D
/// @param w3 D to hidden, what is gated
public record SwiGlu(Linear w1, Linear w2, Linear w3) {
    /// Builds it from `w1`, `w2` and `w3` below `source`.
    public static SwiGlu of(ParameterSource source, long width, long hidden) {
        return new SwiGlu(
                source.linearWithoutBias("w1", width, hidden),
                source.linearWithoutBias("w2", hidden, width),
                source.linearWithoutBias("w3", width, hidden));
    }

    /// Applies it to `[..., D]`.
    public Tensor forward(Tensor x) {
        return w2.forward(Activation.SILU.consume(w1.forward(x)).mul(w3.forward(x)));
    }
}
