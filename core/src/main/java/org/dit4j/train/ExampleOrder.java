package org.dit4j.train;

import java.util.Arrays;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;

/// The order in which a run sees its examples: epochs laid end to end, each a shuffle of as many
/// examples as there are; a function of seed and position alone, so that a resumed run needs no
/// state of it. Not thread-safe.
///
/// With equal weights an epoch holds each example once. Otherwise example i stands in it floor or
/// ceiling of `size w_i / sum(w)` times (systematic sampling: one random number an epoch decides).
final class ExampleOrder {
    private final long seed;
    private final double[] weights;
    private long epoch = -1;
    private int[] examples = {};

    /// Makes the order.
    ///
    /// @param weights how often each example is seen, in proportion; all above 0
    ExampleOrder(long seed, double[] weights) {
        this.seed = seed;
        this.weights = weights.clone();
    }

    /// Returns weights that are all equal.
    static double[] equal(int size) {
        var weights = new double[size];
        Arrays.fill(weights, 1);
        return weights;
    }

    /// Returns the example at a position of the endless sequence.
    int at(long position) {
        long wanted = position / weights.length;
        if (wanted != epoch) {
            examples = draw(wanted);
            epoch = wanted;
        }
        return examples[(int) (position % weights.length)];
    }

    private int[] draw(long number) {
        try (var _ = TensorScope.open();
                var rng = Rng.seeded(seed * 1_000_003 + number)) {
            long[] permutation = Tensors.longs(rng.permutation(weights.length));
            int[] drawn = systematic(Tensors.doubles(rng.uniform(1))[0]);
            return Arrays.stream(permutation).mapToInt(i -> drawn[(int) i]).toArray();
        }
    }

    /// Returns the examples whose stretch of the line, as long as their share, holds `k + u` for k
    /// = 0, 1, ...
    private int[] systematic(double u) {
        int n = weights.length;
        double unit = Arrays.stream(weights).sum() / n;
        var drawn = new int[n];
        int i = 0;
        double end = weights[0] / unit;
        for (int k = 0; k < n; k++) {
            while (k + u >= end && i < n - 1) {
                end += weights[++i] / unit;
            }
            drawn[k] = i;
        }
        return drawn;
    }
}
