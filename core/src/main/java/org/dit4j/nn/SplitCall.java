package org.dit4j.nn;

import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.TensorScope;

/// A call of a transformer that has come as far as its first block, for caches that look at what
/// the first block does before they decide on the others. All tensors belong to the scope in which
/// they were made.
///
/// @param before the tokens before the first block `[B, N, D]`
/// @param after the tokens after the first block `[B, N, D]`
/// @param others applies the other blocks to `after`, gives `[B, N, D]`
/// @param head turns the tokens after the last block into the answer `[B, outputs, ...]`
public record SplitCall(
        Tensor before, Tensor after, Supplier<Tensor> others, UnaryOperator<Tensor> head) {
    /// Computes the other blocks.
    ///
    /// @return the tokens after the last block `[B, N, D]`, in the caller's scope
    public Tensor rest() {
        return TensorScope.compute(others);
    }

    /// Turns tokens into the network's answer.
    ///
    /// @param last the tokens after the last block `[B, N, D]`
    /// @return `[B, outputs, ...]`, in the caller's scope
    public Tensor answer(Tensor last) {
        return TensorScope.compute(() -> head.apply(last));
    }

    /// Returns the same call with something done to the answer.
    public SplitCall then(UnaryOperator<Tensor> change) {
        return new SplitCall(before, after, others, z -> change.apply(head.apply(z)));
    }
}
