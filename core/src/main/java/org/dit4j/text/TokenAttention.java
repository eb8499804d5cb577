package org.dit4j.text;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.nn.HalfRotary;
import org.dit4j.nn.Linear;
import org.dit4j.nn.SplitAttention;
import org.dit4j.tensor.AttentionKernel;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Tensors;
import org.jspecify.annotations.Nullable;

/// Multi-head attention among the tokens of a text, with projections of their own for queries, keys
/// and values; several heads of queries may share one of keys and values (Ainslie et al. 2023,
/// arXiv:2305.13245).
///
/// @param q D to A K
/// @param k D to G K
/// @param v D to G K
/// @param o A K to D
/// @param heads number of heads A
/// @param groups number of heads of keys and values G, which divides A
/// @param scale factor of the scores
/// @param cap limit c of the scores, which become `c tanh(score / c)`; 0 for none
record TokenAttention(
        Linear q, Linear k, Linear v, Linear o, int heads, int groups, double scale, double cap) {

    /// With one head of keys and values for each of queries, scaled by `1 / sqrt(K)`.
    static TokenAttention plain(Linear q, Linear k, Linear v, Linear o, int width, int heads) {
        double scale = 1 / Math.sqrt(width / (double) heads);
        return new TokenAttention(q, k, v, o, heads, heads, scale, 0);
    }

    /// Attends among the tokens of `[B, N, D]`.
    ///
    /// @param mask added to the scores, broadcast to `[B, A, N, N]`
    /// @param positions turns queries and keys, or null
    Tensor forward(Tensor x, Tensor mask, @Nullable HalfRotary positions) {
        Tensor query = split(q.forward(x), heads); // [B, A, N, K]
        Tensor key = split(k.forward(x), groups); // [B, G, N, K]
        if (positions != null) {
            query = positions.rotate(query);
            key = positions.rotate(key);
        }
        key = SplitAttention.shared(key, heads); // [B, A, N, K]
        Tensor value = SplitAttention.shared(split(v.forward(x), groups), heads); // [B, A, N, K]
        Tensor y =
                cap == 0
                        ? seeing(AttentionKernel.attend(query, key, value, mask, scale), mask)
                        : capped(query, key, value, mask);
        return o.forward(y.transpose(1, 2).flatten(2, 3)); // [B, N, D]
    }

    /// A token that may attend to nothing, such as padding before a text, gets 0, as torch's fused
    /// attention gives it, which transformers takes where scores have no limit.
    private static Tensor seeing(Tensor y, Tensor mask) {
        Tensor best = mask.amax(new long[] {-1}, true); // [B, 1, N, 1] or [B, 1, 1, 1]
        Tensor zero = Ops.like(Tensors.scalar(0), y);
        return Ops.where(Ops.greaterThan(best, TokenInput.UNSEEN), y, zero);
    }

    private Tensor capped(Tensor query, Tensor key, Tensor value, Tensor mask) {
        Tensor scores = Ops.mul(query.matmul(key.transpose(-2, -1)), scale); // [B, A, N, N]
        Tensor limited = Ops.mul(Ops.div(scores, cap).tanh(), cap);
        return Ops.softmax(limited.add(mask), -1).matmul(value); // [B, A, N, K]
    }

    private static Tensor split(Tensor x, int heads) {
        return x.reshape(x.size(0), x.size(1), heads, x.size(2) / heads).transpose(1, 2);
    }
}
