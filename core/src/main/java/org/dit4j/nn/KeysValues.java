package org.dit4j.nn;

import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Tensor;

/// What an attention makes of the sequence that is attended to.
///
/// @param keys `[B, A, L, K]`
/// @param values `[B, A, L, K]`
public record KeysValues(Tensor keys, Tensor values) {
    /// Returns the same with something done to both.
    public KeysValues each(UnaryOperator<Tensor> change) {
        return new KeysValues(change.apply(keys), change.apply(values));
    }
}
