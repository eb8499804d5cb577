package org.dit4j.nn;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Ops;

/// Group normalisation (Wu and He 2018) with weight and bias.
///
/// @param weight `[C]`
/// @param bias `[C]`
/// @param groups number of groups, divides C
/// @param eps added to the variance
public record GroupNorm(Tensor weight, Tensor bias, long groups, double eps) {
    /// Normalises `[B, C, ...]`.
    public Tensor forward(Tensor x) {
        return Ops.groupNorm(x, groups, weight, bias, eps);
    }
}
