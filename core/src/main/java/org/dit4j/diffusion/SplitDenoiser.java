package org.dit4j.diffusion;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.nn.SplitCall;

/// A [Denoiser] whose network can stop after its first block, see [FirstBlockCache].
@FunctionalInterface
public interface SplitDenoiser extends Denoiser {
    /// Begins a call.
    ///
    /// @param x `[B, C, ...]`
    /// @param t `[B]`
    /// @return its answers are those of [#predict]
    SplitCall split(Tensor x, Tensor t);

    // a lambda that gives a call cannot be taken for one that gives a tensor
    @SuppressWarnings("FunctionalInterfaceMethodChanged")
    @Override
    default Tensor predict(Tensor x, Tensor t) {
        SplitCall call = split(x, t);
        return call.answer(call.rest());
    }
}
