package org.dit4j.nn;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Ops;

/// The regression of shifts, scales and gates from the conditioning: SiLU, then linear (Peebles and
/// Xie 2023, section 3.2, "adaptive layer norm").
///
/// @param linear from the width of the conditioning to parts * D, starts at zero
/// @param parts number of vectors it gives
public record Modulation(Linear linear, int parts) {
    /// Builds it from `1` below `source`, where PyTorch's `Sequential(SiLU, Linear)` puts it.
    public static Modulation of(ParameterSource source, int width, int parts) {
        return of(source, width, width, parts);
    }

    /// Builds it from `1` below `source`.
    ///
    /// @param given width of the conditioning
    /// @param width of the vectors, D
    public static Modulation of(ParameterSource source, int given, int width, int parts) {
        return new Modulation(source.linear("1", given, (long) parts * width, Init.zeros()), parts);
    }

    /// Returns the vectors, each `[B, 1, D]`, for `c`, `[B, D]` or as wide as `linear` wants it.
    public Tensor[] forward(Tensor c) {
        return cut(whole(c));
    }

    /// Returns the vectors in one piece, `[B, parts * D]`.
    Tensor whole(Tensor c) {
        return linear.forward(Ops.silu(c));
    }

    /// Cuts what [#whole] gave into the vectors.
    Tensor[] cut(Tensor whole) {
        return Ops.chunk(whole.unsqueeze(1), parts, 2);
    }

    /// Returns how many numbers it gives, parts * D.
    long width() {
        return linear.weight().size(0);
    }

    /// Returns `x * (1 + scale) + shift`.
    ///
    /// @param x `[B, N, D]`
    /// @param shift `[B, 1, D]`
    /// @param scale `[B, 1, D]`
    public static Tensor modulate(Tensor x, Tensor shift, Tensor scale) {
        return x.mul(Ops.add(scale, 1)).add(shift);
    }
}
