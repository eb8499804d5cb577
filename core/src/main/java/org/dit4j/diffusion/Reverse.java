package org.dit4j.diffusion;

import org.bytedeco.pytorch.Tensor;

/// What a prediction says about the step before.
///
/// @param step `p(x_{t-1} | x_t)`
/// @param x0 `[B, C, ...]` the data as predicted
public record Reverse(Normal step, Tensor x0) {}
