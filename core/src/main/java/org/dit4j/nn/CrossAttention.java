package org.dit4j.nn;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.AttentionKernel;
import org.jspecify.annotations.Nullable;

/// Multi-head attention from tokens to a second sequence.
///
/// @param q D to D, of the tokens
/// @param kv width of the second sequence to 2 D, ordered k, v, then head
/// @param proj D to D
/// @param norm of the queries and keys of each head
/// @param heads number of heads A
public record CrossAttention(Linear q, Linear kv, Linear proj, QkNorm norm, int heads) {
    /// Builds it from `q`, `kv` and `proj` below `source`.
    public static CrossAttention of(ParameterSource source, int width, int heads) {
        return new CrossAttention(
                source.linear("q", width, width),
                source.linear("kv", width, 2L * width),
                source.linear("proj", width, width),
                QkNorm.NONE,
                heads);
    }

    /// Attends from `x` `[B, N, D]` to `c` `[B, L, D]`.
    public Tensor forward(Tensor x, Tensor c) {
        return forward(x, c, null, null);
    }

    /// Attends from `x` `[B, N, D]` to `c` `[B, L, E]`, E as `kv` wants it.
    ///
    /// @param mask added to the scores, broadcast to `[B, A, N, L]`, or null
    /// @param positions turns the queries after their norm, or null
    public Tensor forward(Tensor x, Tensor c, @Nullable Tensor mask, @Nullable Rotary positions) {
        return forward(x, keysValues(c), mask, positions);
    }

    /// Returns what the tokens `[B, L, E]` are attended to by.
    public KeysValues keysValues(Tensor c) {
        Tensor y = kv.forward(c); // [B, L, 2 D]
        long k = y.size(2) / (2L * heads);
        Tensor p =
                y.reshape(c.size(0), c.size(1), 2, heads, k)
                        .permute(2, 0, 3, 1, 4); // [2, B, A, L, K]
        return new KeysValues(norm.keys(p.select(0, 0)), p.select(0, 1));
    }

    /// Attends from `x` `[B, N, D]` to tokens whose keys and values are known.
    ///
    /// @param mask added to the scores, broadcast to `[B, A, N, L]`, or null
    /// @param positions turns the queries after their norm, or null
    public Tensor forward(
            Tensor x, KeysValues given, @Nullable Tensor mask, @Nullable Rotary positions) {
        long b = x.size(0);
        long n = x.size(1);
        long k = x.size(2) / heads;
        Tensor query =
                norm.queries(q.forward(x).reshape(b, n, heads, k).transpose(1, 2)); // [B, A, N, K]
        if (positions != null) {
            query = positions.rotate(query);
        }
        Tensor y =
                AttentionKernel.attend(query, given.keys(), given.values(), mask, 1 / Math.sqrt(k));
        return proj.forward(y.transpose(1, 2).reshape(b, n, heads * k)); // [B, N, D]
    }
}
