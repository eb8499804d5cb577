package org.dit4j.pipeline;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Tensors;
import org.dit4j.text.BilingualStates;
import org.dit4j.text.TextStates;

/// Encoded prompts as a [BilingualNetwork] takes them: every text at its full length, or at that of
/// the longest if that is more; the rest is padding.
///
/// @param zh states of the Chinese encoder, `[P, length, width]`
/// @param en states of the English encoder, `[P, length, secondWidth]`
record BilingualConditions(TextStates zh, TextStates en) {
    /// Pads what the encoders gave.
    static BilingualConditions of(BilingualStates states, int length) {
        return new BilingualConditions(padded(states.zh(), length), padded(states.en(), length));
    }

    private static TextStates padded(TextStates texts, int length) {
        return texts.padTo((int) Math.max(length, texts.states().size(1)));
    }

    /// Returns some of the texts.
    ///
    /// @param texts which of the encoded ones, one for each picture of the batch
    BilingualStates take(List<Integer> texts) {
        long[] numbers = texts.stream().mapToLong(Integer::longValue).toArray();
        Tensor index = Tensors.of(numbers, numbers.length);
        return new BilingualStates(take(zh, index), take(en, index));
    }

    private static TextStates take(TextStates from, Tensor index) {
        return new TextStates(
                from.states().index_select(0, index),
                from.mask().index_select(0, index),
                from.pooled().index_select(0, index),
                List.of());
    }

    /// Says which texts were too long.
    List<String> truncations() {
        var remarks = new ArrayList<String>();
        zh.truncated().forEach(t -> remarks.add("for the Chinese encoder, " + t));
        en.truncated().forEach(t -> remarks.add("for the English encoder, " + t));
        return remarks;
    }
}
