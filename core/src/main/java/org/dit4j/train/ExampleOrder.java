package org.dit4j.train;

import org.dit4j.tensor.Rng;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;

/// The order in which a run sees its examples: one permutation an epoch, laid end to end; a
/// function of seed and position alone, so that a resumed run needs no state of it. Not
/// thread-safe.
final class ExampleOrder {
    private final long seed;
    private final int size;
    private long epoch = -1;
    private long[] permutation = {};

    ExampleOrder(long seed, int size) {
        this.seed = seed;
        this.size = size;
    }

    /// Returns the example at a position of the endless sequence.
    int at(long position) {
        long wanted = position / size;
        if (wanted != epoch) {
            try (var _ = TensorScope.open();
                    var rng = Rng.seeded(seed * 1_000_003 + wanted)) {
                permutation = Tensors.longs(rng.permutation(size));
            }
            epoch = wanted;
        }
        return (int) permutation[(int) (position % size)];
    }
}
