package org.dit4j.pipeline;

import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Tensors;

/// Batches of encoded prompts.
final class Batches {
    private Batches() {}

    /// Returns rows of `all`, one for each picture of a batch.
    static Tensor rows(Tensor all, List<Integer> numbers) {
        long[] index = numbers.stream().mapToLong(Integer::longValue).toArray();
        return all.index_select(0, Tensors.of(index, index.length));
    }
}
