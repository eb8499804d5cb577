package org.dit4j.diffusion;

import org.bytedeco.pytorch.Tensor;

/// The gradient of `log p(y | x_t)` with respect to x_t, such as a classifier's (Dhariwal and
/// Nichol 2021): steers a sampler without retraining the network.
@FunctionalInterface
public interface ScoreGradient {
    /// Evaluates the gradient, which includes its weight.
    ///
    /// @param x `[B, C, ...]` noisy samples
    /// @param t float32 `[B]`, timesteps of the original process
    /// @return `[B, C, ...]`
    Tensor at(Tensor x, Tensor t);
}
