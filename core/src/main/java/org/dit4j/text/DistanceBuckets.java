package org.dit4j.text;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Tensors;

/// The buckets that T5 sorts the distances between tokens into (arXiv:1910.10683, section 2.1;
/// transformers, `modeling_t5.py`, `_relative_position_bucket`): half of them for tokens behind,
/// half for those ahead; of a half, the first half for single distances, the rest growing
/// logarithmically up to a largest distance, beyond which all are alike.
///
/// @param count number of buckets, at least 4
/// @param largest the distance from which on all are alike
public record DistanceBuckets(int count, int largest) {
    /// Checks the rules.
    public DistanceBuckets {
        ConfigException.require(
                count >= 4, "relative_attention_num_buckets must be at least 4 but is %d", count);
        ConfigException.require(
                largest > count / 4,
                "relative_attention_max_distance must be above %d but is %d",
                count / 4,
                largest);
    }

    /// Returns the bucket of each pair of tokens, int64 `[N, N]`, queries in rows.
    ///
    /// @param ids `[B, N]`, for their number
    Tensor between(Tensor ids) {
        int n = (int) ids.size(1);
        long[] of = ofDistances(n);
        var buckets = new long[n * n];
        for (int query = 0; query < n; query++) {
            for (int key = 0; key < n; key++) {
                long ahead = key > query ? count / 2 : 0;
                buckets[query * n + key] = ahead + of[Math.abs(key - query)];
            }
        }
        return Tensors.of(buckets, n, n);
    }

    /// Returns the bucket within a half of the distances 0 to `n - 1`; logarithms in float32, as
    /// the reference rounds them.
    private long[] ofDistances(int n) {
        int half = count / 2;
        int exact = half / 2;
        var shares = new float[n];
        for (int d = 0; d < n; d++) {
            shares[d] = Math.max(d, exact) / (float) exact;
        }
        Tensor grown = Ops.div(Tensors.of(shares, n).log(), Math.log(largest / (double) exact));
        float[] steps = Tensors.floats(Ops.mul(grown, half - exact));
        var buckets = new long[n];
        for (int d = 0; d < n; d++) {
            buckets[d] = d < exact ? d : Math.min(exact + (long) steps[d], half - 1);
        }
        return buckets;
    }
}
