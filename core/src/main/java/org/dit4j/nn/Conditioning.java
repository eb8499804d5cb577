package org.dit4j.nn;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;

/// The vectors that modulate the blocks of a network, and what its modulations make of them where
/// that was computed before.
///
/// @param c `[B, D]`
/// @param known what each modulation gives in one piece, `[B, parts * D]`; empty where each
///   computes its own
public record Conditioning(Tensor c, List<Tensor> known) {
    /// The most that all modulations may give.
    private static final long MOST_BYTES = 1L << 28;

    /// Copies the list.
    public Conditioning {
        known = List.copyOf(known);
    }

    /// Returns vectors of which nothing is computed yet.
    public static Conditioning of(Tensor c) {
        return new Conditioning(c, List.of());
    }

    /// Computes what all modulations of a network give, unless it takes too much memory. It belongs
    /// to the caller's innermost scope.
    public Conditioning known(List<Modulation> modulations) {
        long numbers = modulations.stream().mapToLong(Modulation::width).sum() * c.size(0);
        if (numbers * c.element_size() > MOST_BYTES) {
            return this;
        }
        var all = new ArrayList<Tensor>();
        modulations.forEach(m -> all.add(TensorScope.compute(() -> m.whole(c))));
        return new Conditioning(c, all);
    }

    /// Returns the shifts, scales and gates of modulation `i`, see [Modulation#forward].
    public Tensor[] at(int i, Modulation modulation) {
        return known.isEmpty() ? modulation.forward(c) : modulation.cut(known.get(i));
    }

    /// Returns `count` of the vectors from number `from` on.
    Conditioning part(long from, long count) {
        return new Conditioning(
                c.narrow(0, from, count),
                known.stream().map(k -> k.narrow(0, from, count)).toList());
    }

    /// Returns some of the vectors.
    ///
    /// @param numbers `[B]`, int64
    Conditioning rows(Tensor numbers) {
        Tensor there = Ops.on(numbers, c);
        return new Conditioning(
                Tensors.rows(c, there), known.stream().map(k -> Tensors.rows(k, there)).toList());
    }
}
