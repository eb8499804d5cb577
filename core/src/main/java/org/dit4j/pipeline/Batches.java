package org.dit4j.pipeline;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Tensors;

/// Batches of encoded prompts.
final class Batches {
    private Batches() {}

    /// Returns the prompts of a request, and after them the negative one.
    static List<String> texts(GenerationRequest r) {
        var texts = new ArrayList<>(r.prompts());
        texts.add(r.guide().negative());
        return texts;
    }

    /// Returns which of [#texts] the results `from` to `from + n` of a request show.
    ///
    /// @param paired whether as many of the negative one follow
    static List<Integer> shown(GenerationRequest r, long from, long n, boolean paired) {
        var wanted = new ArrayList<Integer>();
        for (long i = from; i < from + n; i++) {
            wanted.add((int) (i / r.count()));
        }
        if (paired) {
            wanted.addAll(Collections.nCopies((int) n, r.prompts().size()));
        }
        return wanted;
    }

    /// Returns rows of `all`, one for each picture of a batch.
    static Tensor rows(Tensor all, List<Integer> numbers) {
        return Tensors.rows(all, numbers.stream().mapToLong(Integer::longValue).toArray());
    }
}
