package org.dit4j.nn;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Ops;

/// Division of the last axis by its root mean square (Zhang and Sennrich 2019, arXiv:1910.07467).
///
/// @param weight `[D]`
/// @param eps added to the mean square
public record RmsNorm(Tensor weight, double eps) implements Norm {
    @Override
    public Tensor forward(Tensor x) {
        return Ops.rmsNorm(x, weight, eps);
    }
}
