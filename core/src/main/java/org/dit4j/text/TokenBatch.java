package org.dit4j.text;

import java.util.List;
import org.bytedeco.pytorch.Tensor;

/// The tokens of B texts, padded to N.
///
/// @param ids numbers in the vocabulary, int64 `[B, N]`
/// @param mask 1 for tokens, 0 for padding, int64 `[B, N]`
/// @param truncated the texts that were too long, in order; empty if none was
public record TokenBatch(Tensor ids, Tensor mask, List<Truncation> truncated) {
    /// Copies the list.
    public TokenBatch {
        truncated = List.copyOf(truncated);
    }
}
