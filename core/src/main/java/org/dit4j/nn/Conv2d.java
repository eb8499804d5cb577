package org.dit4j.nn;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Ops;
import org.jspecify.annotations.Nullable;

/// A convolution of pictures.
///
/// @param weight `[out, in, k, k]`
/// @param bias `[out]` or null
/// @param stride step in both directions
/// @param padding zeros on every side
public record Conv2d(Tensor weight, @Nullable Tensor bias, long stride, long padding) {
    /// Convolves `[B, in, H, W]`.
    public Tensor forward(Tensor x) {
        return Ops.conv2d(x, weight, bias, stride, padding);
    }
}
