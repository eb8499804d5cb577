package org.dit4j.text;

import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Device;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.ShapeException;
import org.dit4j.tensor.Shapes;
import org.dit4j.tensor.Tensors;

/// What a text encoder makes of B texts, of which the longest has L tokens of D numbers.
///
/// Tokens stand at the left; where a text has ended, its states are 0.
///
/// @param states of the last layer for every token, `[B, L, D]` float32
/// @param mask 1 for tokens, 0 after the end of a text, `[B, L]` float32
/// @param pooled the state of the first token (`[CLS]`) without weights, `[B, D]` float32, not
///   normalised; divided by its length it is the embedding that BGE was trained to give
/// @param truncated the texts that were too long for the encoder, in order; empty if none was
public record TextStates(Tensor states, Tensor mask, Tensor pooled, List<Truncation> truncated) {
    /// Checks that the shapes fit together.
    public TextStates {
        truncated = List.copyOf(truncated);
        long[] s = Shapes.of(states);
        if (s.length != 3
                || !java.util.Arrays.equals(Shapes.of(mask), new long[] {s[0], s[1]})
                || !java.util.Arrays.equals(Shapes.of(pooled), new long[] {s[0], s[2]})) {
            throw new ShapeException(
                    "states, mask and pooled must be [B, L, D], [B, L] and [B, D] but are %s, %s and %s"
                            .formatted(
                                    java.util.Arrays.toString(s),
                                    java.util.Arrays.toString(Shapes.of(mask)),
                                    java.util.Arrays.toString(Shapes.of(pooled))));
        }
    }

    /// Returns these states with zeros added at the right, for networks that take a fixed length.
    ///
    /// @param length number of tokens L of the result
    /// @throws ShapeException if there are more tokens already
    public TextStates padTo(int length) {
        long[] s = Shapes.of(states);
        if (length < s[1]) {
            throw new ShapeException(
                    "texts of %d tokens cannot be padded to %d".formatted(s[1], length));
        }
        if (length == s[1]) {
            return this;
        }
        long more = length - s[1];
        return new TextStates(
                Ops.cat(1, states, zeros(states, s[0], more, s[2])),
                Ops.cat(1, mask, zeros(mask, s[0], more)),
                pooled,
                truncated);
    }

    private static Tensor zeros(Tensor like, long... shape) {
        return Ops.on(Tensors.zeros(Dtype.FLOAT32, shape), like);
    }

    /// Returns the states on a device. The mask, whose lengths decide what is computed, stays.
    public TextStates on(Device device) {
        return new TextStates(Ops.to(states, device), mask, Ops.to(pooled, device), truncated);
    }

    /// Returns some of the texts, without what was said of their lengths.
    ///
    /// @param numbers which
    public TextStates take(long... numbers) {
        return new TextStates(
                Tensors.rows(states, numbers),
                Tensors.rows(mask, numbers),
                Tensors.rows(pooled, numbers),
                List.of());
    }
}
