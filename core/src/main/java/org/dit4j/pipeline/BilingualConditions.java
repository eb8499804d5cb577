package org.dit4j.pipeline;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.model.HunyuanDit;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Tensors;
import org.dit4j.text.BilingualStates;
import org.dit4j.text.TextStates;

/// Encoded prompts as a [HunyuanDit] takes them: every text at its full length, or at that of the
/// longest if that is more; the rest is padding, which the network replaces by what it learned.
///
/// @param zh states of the Chinese encoder, `[P, length, width]`
/// @param en states of the English encoder, `[P, secondLength, secondWidth]`
record BilingualConditions(TextStates zh, TextStates en) {
    /// Pads what the encoders gave.
    static BilingualConditions of(BilingualStates states, HunyuanDit.Text text) {
        return new BilingualConditions(
                padded(states.zh(), text.length()), padded(states.en(), text.secondLength()));
    }

    private static TextStates padded(TextStates texts, int length) {
        return texts.padTo((int) Math.max(length, texts.states().size(1)));
    }

    /// Returns the conditions of texts, in the element type of the network.
    ///
    /// @param texts which of the encoded ones, one for each picture of the batch
    HunyuanDit.Conditions take(List<Integer> texts, HunyuanDit network) {
        long[] numbers = texts.stream().mapToLong(Integer::longValue).toArray();
        Tensor index = Tensors.of(numbers, numbers.length);
        return new HunyuanDit.Conditions(
                Ops.to(zh.states().index_select(0, index), network.dtype()),
                zh.mask().index_select(0, index),
                Ops.to(en.states().index_select(0, index), network.dtype()),
                en.mask().index_select(0, index),
                Optional.empty());
    }

    /// Says which texts were too long.
    List<String> truncations() {
        var remarks = new ArrayList<String>();
        zh.truncated().forEach(t -> remarks.add("for the Chinese encoder, " + t));
        en.truncated().forEach(t -> remarks.add("for the English encoder, " + t));
        return remarks;
    }
}
