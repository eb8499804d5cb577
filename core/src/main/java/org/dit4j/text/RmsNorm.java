package org.dit4j.text;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.nn.Init;
import org.dit4j.nn.ParameterSource;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;

/// Root mean square normalisation of the last axis (Zhang and Sennrich 2019, arXiv:1910.07467),
/// computed in float32.
///
/// @param weight `[D]`
/// @param aroundOne whether the weight is stored less one, as in Gemma, which then multiplies in
///   float32
/// @param eps added to the mean square
record RmsNorm(Tensor weight, boolean aroundOne, double eps) {
    /// Builds it from `name.weight` below `source`.
    static RmsNorm of(
            ParameterSource source, String name, long width, boolean aroundOne, double eps) {
        Init init = aroundOne ? Init.zeros() : Init.ones();
        return new RmsNorm(source.at(name).parameter("weight", init, width), aroundOne, eps);
    }

    /// Normalises `[..., D]`.
    Tensor forward(Tensor x) {
        Tensor y = Ops.rmsNorm(Ops.to(x, Dtype.FLOAT32), null, eps);
        return aroundOne
                ? Ops.like(y.mul(Ops.add(Ops.to(weight, Dtype.FLOAT32), 1)), x)
                : Ops.like(y, x).mul(weight);
    }
}
