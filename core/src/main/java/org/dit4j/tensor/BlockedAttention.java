package org.dit4j.tensor;

import org.bytedeco.pytorch.MemoryFormatOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/// `softmax(q k^T * scale + mask) v` for some heads and queries after the other: memory is linear
/// in the length, and the scores of a block stay in the processor's cache between the three
/// operators that use them.
final class BlockedAttention {
    /// Scores of a block, 2 MiB in bfloat16.
    private static final long SCORES = 1L << 20;

    /// Queries of a block: as many as fit, but not more than this, since several heads at once are
    /// faster then, nor fewer than the other, since products of few rows are slow.
    private static final long MOST_QUERIES = 256;

    private static final long FEWEST_QUERIES = 32;

    private BlockedAttention() {}

    /// Attends; shapes as in [AttentionKernel#attend]. Each query's channels of all heads lie side
    /// by side in the result's memory, as what follows wants them.
    static Tensor attend(Tensor q, Tensor k, Tensor v, @Nullable Tensor mask, double scale) {
        long b = q.size(0);
        long heads = q.size(1);
        long l = q.size(2);
        long n = k.size(2);
        Tensor y = empty(q, b, l, heads, v.size(3)).transpose(1, 2); // [B, A, L, K]
        Tensor bias = mask == null ? null : mask.expand(b, heads, l, n);
        long queries = Math.clamp(SCORES / Math.max(1, n), FEWEST_QUERIES, MOST_QUERIES);
        long group = Math.clamp(SCORES / Math.max(1, queries * n), 1, Math.max(1, heads));
        for (long i = 0; i < b; i++) {
            for (long h = 0; h < heads; h += group) {
                try (var _ = TensorScope.open()) {
                    long count = Math.min(group, heads - h);
                    var part =
                            new Heads(
                                    cut(q, i, h, count),
                                    keys(cut(k, i, h, count), l > queries),
                                    cut(v, i, h, count).contiguous(),
                                    bias == null ? null : cut(bias, i, h, count),
                                    cut(y, i, h, count));
                    part.attend(queries, scale);
                }
            }
        }
        return y;
    }

    /// Some heads of one sample.
    ///
    /// @param q `[G, L, K]`
    /// @param keys `[G, K, N]`
    /// @param v `[G, N, K]`
    /// @param mask `[G, L, N]` or null
    /// @param y `[G, L, K]`, where the result goes
    private record Heads(Tensor q, Tensor keys, Tensor v, @Nullable Tensor mask, Tensor y) {
        void attend(long queries, double scale) {
            for (long i = 0; i < q.size(1); i += queries) {
                try (var _ = TensorScope.open()) {
                    long n = Math.min(queries, q.size(1) - i);
                    Tensor scores = Ops.mul(q.narrow(1, i, n), scale).matmul(keys); // [G, n, N]
                    if (mask != null) {
                        scores = scores.add(mask.narrow(1, i, n));
                    }
                    y.narrow(1, i, n).copy_(torch.softmax(scores, -1).matmul(v));
                }
            }
        }
    }

    /// Returns `[G, K, N]`, in that order in memory only where many products make good for it.
    private static Tensor keys(Tensor k, boolean often) {
        Tensor turned = k.contiguous().transpose(1, 2);
        return often ? turned.contiguous() : turned;
    }

    private static Tensor cut(Tensor x, long sample, long from, long count) {
        return x.select(0, sample).narrow(0, from, count);
    }

    private static Tensor empty(Tensor like, long... shape) {
        return torch.empty(shape, like.options(), new MemoryFormatOptional());
    }
}
