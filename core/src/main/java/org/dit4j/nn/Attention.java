package org.dit4j.nn;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.AttentionKernel;
import org.jspecify.annotations.Nullable;

/// Multi-head self-attention with one fused projection, as timm's `Attention`.
///
/// @param qkv D to 3 D, ordered q, k, v, then head
/// @param proj D to D
/// @param norm of the queries and keys of each head
/// @param heads number of heads A
public record Attention(Linear qkv, Linear proj, QkNorm norm, int heads) {

    /// Builds it from `qkv`, `proj` and, with QK-norm, `q_norm` and `k_norm` below `source`.
    public static Attention of(ParameterSource source, int width, int heads, boolean qkNorm) {
        return new Attention(
                source.linear("qkv", width, 3L * width),
                source.linear("proj", width, width),
                qkNorm ? QkNorm.of(source, width / heads) : QkNorm.NONE,
                heads);
    }

    /// Attends among the tokens of `[B, N, D]`.
    public Tensor forward(Tensor x) {
        return forward(x, null);
    }

    /// Attends among the tokens of `[B, N, D]`.
    ///
    /// @param positions turns queries and keys after their norms, or null
    public Tensor forward(Tensor x, @Nullable Rotary positions) {
        long b = x.size(0);
        long n = x.size(1);
        long k = x.size(2) / heads;
        Tensor p =
                qkv.forward(x).reshape(b, n, 3, heads, k).permute(2, 0, 3, 1, 4); // [3, B, A, N, K]
        Tensor query = norm.queries(p.select(0, 0)); // [B, A, N, K]
        Tensor key = norm.keys(p.select(0, 1)); // [B, A, N, K]
        if (positions != null) {
            query = positions.rotate(query);
            key = positions.rotate(key);
        }
        Tensor y = AttentionKernel.attend(query, key, p.select(0, 2), null, 1 / Math.sqrt(k));
        return proj.forward(y.transpose(1, 2).reshape(b, n, heads * k)); // [B, N, D]
    }
}
