package org.dit4j.nn;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Weight;
import org.jspecify.annotations.Nullable;

/// `y = x W^T + b`.
///
/// @param matrix W, `[out, in]`
/// @param bias `[out]` or null
public record Linear(Weight matrix, @Nullable Tensor bias) {
    /// A layer with a plain matrix.
    ///
    /// @param weight `[out, in]`
    /// @param bias `[out]` or null
    public Linear(Tensor weight, @Nullable Tensor bias) {
        this(Weight.of(weight), bias);
    }

    /// Returns the element type of what goes in and comes out.
    public Dtype dtype() {
        return matrix.dtype();
    }

    /// Returns W, `[out, in]`, in the caller's scope.
    public Tensor weight() {
        return matrix.dense();
    }

    /// Applies the layer to the last axis: `[..., in]` to `[..., out]`.
    public Tensor forward(Tensor x) {
        return matrix.linear(x, bias);
    }

    /// Applies the layer and GELU (tanh) behind it, in one pass where that is faster.
    public Tensor geluTanh(Tensor x) {
        return matrix.linearGeluTanh(x, bias);
    }
}
