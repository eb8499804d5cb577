package org.dit4j.diffusion;

import org.bytedeco.pytorch.Tensor;

/// A diagonal normal distribution for each element.
///
/// @param mean `[B, C, ...]`
/// @param variance `[B, C, ...]`
/// @param logVariance `[B, C, ...]`; not always the log of `variance`: where that is 0 it is
///   clipped
public record Normal(Tensor mean, Tensor variance, Tensor logVariance) {}
