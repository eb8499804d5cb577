package org.dit4j.nn;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Ops;
import org.jspecify.annotations.Nullable;

/// Layer normalisation of the last axis.
///
/// @param weight `[D]` or null
/// @param bias `[D]` or null
/// @param eps added to the variance
public record LayerNorm(@Nullable Tensor weight, @Nullable Tensor bias, double eps)
        implements Norm {
    /// Returns a norm without parameters, as adaptive layer norm needs it.
    public static LayerNorm plain(double eps) {
        return new LayerNorm(null, null, eps);
    }

    @Override
    public Tensor forward(Tensor x) {
        return Ops.layerNorm(x, weight, bias, eps);
    }
}
