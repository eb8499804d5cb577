package org.dit4j.nn;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Tensors;

/// What keeps tokens out of the attention.
public final class AttentionMask {
    /// So much below all scores that nothing of the token is left, in every type; not infinite, so
    /// that a sequence without any real token gives a mean of its padding and not NaN.
    private static final double NEVER = -10_000;

    private AttentionMask() {}

    /// Returns what is added to the scores of the attention to a sequence, `[B, 1, 1, L]`: 0, or
    /// -10000 where nothing stands (diffusers, `attention_processor.py`).
    ///
    /// @param mask `[B, L]`: above 0 at real tokens, of any type
    /// @param like has the element type and device of the tokens
    public static Tensor of(Tensor mask, Tensor like) {
        Tensor zero = Ops.like(Tensors.zeros(Dtype.FLOAT32, 1), like);
        Tensor never = Ops.add(zero, NEVER);
        Tensor real = Ops.on(mask, like);
        return Ops.where(Ops.greaterThan(real, 0), zero, never).unsqueeze(1).unsqueeze(1);
    }
}
