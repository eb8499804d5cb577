package org.dit4j.nn;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.AttentionKernel;

/// Multi-head attention from tokens to a second sequence.
///
/// @param q D to D, of the tokens
/// @param kv D to 2 D, of the second sequence, ordered k, v, then head
/// @param proj D to D
/// @param heads number of heads A
public record CrossAttention(Linear q, Linear kv, Linear proj, int heads) {
    /// Builds it from `q`, `kv` and `proj` below `source`.
    public static CrossAttention of(ParameterSource source, int width, int heads) {
        return new CrossAttention(
                source.linear("q", width, width),
                source.linear("kv", width, 2L * width),
                source.linear("proj", width, width),
                heads);
    }

    /// Attends from `x` `[B, N, D]` to `c` `[B, L, D]`.
    public Tensor forward(Tensor x, Tensor c) {
        long b = x.size(0);
        long n = x.size(1);
        long k = x.size(2) / heads;
        Tensor query = q.forward(x).reshape(b, n, heads, k).transpose(1, 2); // [B, A, N, K]
        Tensor p = kv.forward(c).reshape(b, c.size(1), 2, heads, k).permute(2, 0, 3, 1, 4);
        Tensor y =
                AttentionKernel.attend(
                        query, p.select(0, 0), p.select(0, 1), null, 1 / Math.sqrt(k));
        return proj.forward(y.transpose(1, 2).reshape(b, n, heads * k)); // [B, N, D]
    }
}
