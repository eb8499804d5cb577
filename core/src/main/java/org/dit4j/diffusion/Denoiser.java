package org.dit4j.diffusion;

import org.bytedeco.pytorch.Tensor;

/// A network with its conditioning closed over: what a sampler asks at each call.
///
/// It knows no sampler and no loop. Guidance wraps one denoiser into another.
@FunctionalInterface
public interface Denoiser extends RunDenoiser {
    /// Predicts noise, data, velocity or score, whatever the network was trained for.
    ///
    /// @param x `[B, C, ...]` noisy samples
    /// @param t `[B]` float32, the time of each sample in the unit that the network expects, on any
    ///   device: samplers give it on the CPU, where it can be read without waiting for a GPU
    /// @return `[B, C, ...]`, or `[B, 2C, ...]` from a network that also predicts the variance
    Tensor predict(Tensor x, Tensor t);

    // a lambda of one number of arguments cannot be taken for one of another
    @SuppressWarnings("FunctionalInterfaceMethodChanged")
    @Override
    default Reply predict(Tensor x, Tensor t, Memory memory) {
        return new Reply(predict(x, t), Memory.NONE);
    }
}
