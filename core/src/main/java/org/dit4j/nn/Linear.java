package org.dit4j.nn;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.FusedLinear;
import org.dit4j.tensor.Ops;
import org.jspecify.annotations.Nullable;

/// `y = x W^T + b`.
///
/// @param weight `[out, in]`
/// @param bias `[out]` or null
public record Linear(Tensor weight, @Nullable Tensor bias) {
    /// Applies the layer to the last axis: `[..., in]` to `[..., out]`.
    public Tensor forward(Tensor x) {
        return Ops.linear(x, weight, bias);
    }

    /// Applies the layer and GELU (tanh) behind it, in one pass where that is faster.
    public Tensor geluTanh(Tensor x) {
        return FusedLinear.geluTanh(x, weight, bias);
    }
}
