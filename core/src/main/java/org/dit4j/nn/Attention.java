package org.dit4j.nn;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.AttentionKernel;
import org.jspecify.annotations.Nullable;

/// Multi-head self-attention with one fused projection, as timm's `Attention`.
///
/// @param qkv D to 3 D, ordered q, k, v, then head
/// @param proj D to D
/// @param qNorm norm of the queries of each head, or null
/// @param kNorm norm of the keys of each head, or null
/// @param heads number of heads A
public record Attention(
        Linear qkv, Linear proj, @Nullable LayerNorm qNorm, @Nullable LayerNorm kNorm, int heads) {

    /// Builds it from `qkv`, `proj` and, with QK-norm, `q_norm` and `k_norm` below `source`.
    public static Attention of(ParameterSource source, int width, int heads, boolean qkNorm) {
        int k = width / heads;
        return new Attention(
                source.linear("qkv", width, 3L * width),
                source.linear("proj", width, width),
                qkNorm ? source.layerNorm("q_norm", k, 1e-6) : null,
                qkNorm ? source.layerNorm("k_norm", k, 1e-6) : null,
                heads);
    }

    /// Attends among the tokens of `[B, N, D]`.
    public Tensor forward(Tensor x) {
        long b = x.size(0);
        long n = x.size(1);
        long k = x.size(2) / heads;
        Tensor p =
                qkv.forward(x).reshape(b, n, 3, heads, k).permute(2, 0, 3, 1, 4); // [3, B, A, N, K]
        Tensor q = norm(qNorm, p.select(0, 0));
        Tensor y =
                AttentionKernel.attend(
                        q, norm(kNorm, p.select(0, 1)), p.select(0, 2), null, 1 / Math.sqrt(k));
        return proj.forward(y.transpose(1, 2).reshape(b, n, heads * k)); // [B, N, D]
    }

    private static Tensor norm(@Nullable LayerNorm norm, Tensor x) {
        return norm == null ? x : norm.forward(x);
    }
}
