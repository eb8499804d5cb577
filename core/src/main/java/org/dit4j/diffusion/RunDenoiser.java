package org.dit4j.diffusion;

import org.bytedeco.pytorch.Tensor;

/// What the sampler of a run asks at each call: a network that may use what the run remembers of
/// earlier calls. A pure function; [Denoiser] is one that remembers nothing.
@FunctionalInterface
public interface RunDenoiser {
    /// An answer.
    ///
    /// @param prediction see [Denoiser#predict]
    /// @param memory for the run's next call; it may share tensors with the one before
    record Reply(Tensor prediction, Memory memory) {}

    /// Predicts, or guesses what the network would predict.
    ///
    /// @param x `[B, C, ...]` noisy samples
    /// @param t `[B]` float32
    /// @param memory of the last call; borrowed
    /// @return in the caller's scope
    Reply predict(Tensor x, Tensor t, Memory memory);
}
