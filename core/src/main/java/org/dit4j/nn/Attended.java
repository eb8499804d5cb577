package org.dit4j.nn;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;
import org.jspecify.annotations.Nullable;

/// A sequence that all blocks of a network attend to, a text for instance. It stays the same for a
/// whole run of sampling, so the keys and values that each block makes of it can be computed once.
///
/// @param states `[B, L, E]`
/// @param known keys and values of each block, of R sequences; empty where each block computes its
///   own of the states
/// @param rows which of the R sequences each sample attends to, `[B]`, int64; null for all in order
public record Attended(Tensor states, List<KeysValues> known, @Nullable Tensor rows) {
    /// The most that keys and values of all blocks may take: two texts of 512 tokens in the largest
    /// networks in bfloat16, a dozen of 300 in the usual ones.
    private static final long MOST_BYTES = 1L << 30;

    /// Copies the list.
    public Attended {
        known = List.copyOf(known);
    }

    /// Returns a sequence of which nothing is computed yet.
    public static Attended of(Tensor states) {
        return new Attended(states, List.of(), null);
    }

    /// Computes keys and values for all blocks, unless they take too much memory. They belong to
    /// the caller's innermost scope.
    ///
    /// @param how a block makes them of the states
    public <B> Attended known(List<B> blocks, BiFunction<B, Tensor, KeysValues> how) {
        var all = new ArrayList<KeysValues>();
        for (B block : blocks) {
            try (var scope = TensorScope.open()) {
                KeysValues own = how.apply(block, states);
                if (bytes(own) * blocks.size() > MOST_BYTES) {
                    return this;
                }
                scope.promote(own.keys());
                scope.promote(own.values());
                all.add(own);
            }
        }
        return new Attended(states, all, null);
    }

    private static long bytes(KeysValues one) {
        return 2 * one.keys().nbytes();
    }

    /// Returns keys and values for block `i`, in the caller's scope.
    ///
    /// @param block how it makes them of the states
    public KeysValues at(int i, Function<Tensor, KeysValues> block) {
        if (known.isEmpty()) {
            return block.apply(states);
        }
        Tensor numbers = rows;
        return numbers == null ? known.get(i) : known.get(i).each(x -> Tensors.rows(x, numbers));
    }

    /// Returns the sequences of a batch.
    ///
    /// @param numbers `[B]`, int64: which of these sequences each sample attends to
    public Attended rows(Tensor numbers) {
        return new Attended(Tensors.rows(states, numbers), known, Ops.on(numbers, states));
    }
}
