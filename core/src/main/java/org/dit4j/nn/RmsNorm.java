package org.dit4j.nn;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Ops;
import org.jspecify.annotations.Nullable;

/// Division of the last axis by its root mean square (Zhang and Sennrich 2019, arXiv:1910.07467).
///
/// @param weight `[D]` or null
/// @param eps added to the mean square
public record RmsNorm(@Nullable Tensor weight, double eps) implements Norm {
    /// Returns a norm without parameters.
    public static RmsNorm plain(double eps) {
        return new RmsNorm(null, eps);
    }

    @Override
    public Tensor forward(Tensor x) {
        return Ops.rmsNorm(x, weight, eps);
    }
}
