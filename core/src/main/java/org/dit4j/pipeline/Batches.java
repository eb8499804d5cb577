package org.dit4j.pipeline;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import java.util.stream.LongStream;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Tensors;
import org.dit4j.tensor.Turn;

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

    /// Returns how many of [#texts] are shown.
    ///
    /// @param guided whether the negative one is
    static int count(GenerationRequest r, boolean guided) {
        return r.prompts().size() + (guided ? 1 : 0);
    }

    /// Computes what stays the same for a whole run.
    static <T> T once(Supplier<T> body) {
        return Turn.take(() -> Ops.noGrad(body));
    }

    /// Returns what was computed for each text in order as a batch has it.
    ///
    /// @param texts how many there are
    /// @param shown which of them each picture shows
    /// @param rows takes some of them
    static <T> T of(T all, int texts, List<Integer> shown, BiFunction<T, Tensor, T> rows) {
        long[] numbers = shown.stream().mapToLong(Integer::longValue).toArray();
        return Arrays.equals(numbers, LongStream.range(0, texts).toArray())
                ? all
                : rows.apply(all, Tensors.of(numbers, numbers.length));
    }

    /// Returns rows of `all`, one for each picture of a batch.
    static Tensor rows(Tensor all, List<Integer> numbers) {
        return Tensors.rows(all, numbers.stream().mapToLong(Integer::longValue).toArray());
    }
}
