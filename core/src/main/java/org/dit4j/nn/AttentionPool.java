package org.dit4j.nn;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.AttentionKernel;
import org.dit4j.tensor.Ops;

/// Pools a sequence into one vector: its mean attends to the mean and all tokens, with learned
/// positions (CLIP, Radford et al. 2021, arXiv:2103.00020; Hunyuan-DiT, `poolers.py`).
///
/// @param positions `[L + 1, E]`, the mean first
/// @param q E to E
/// @param k E to E
/// @param v E to E
/// @param out E to the width of the result
/// @param heads number of heads A, divides E
public record AttentionPool(Tensor positions, Linear q, Linear k, Linear v, Linear out, int heads) {
    /// Builds it from `positional_embedding`, `q_proj`, `k_proj`, `v_proj` and `c_proj` below
    /// `source`.
    ///
    /// @param length number of tokens L
    /// @param width of the tokens, E
    /// @param outputs width of the result
    public static AttentionPool of(
            ParameterSource source, long length, long width, long outputs, int heads) {
        Init positions = Init.normal(1 / Math.sqrt(width));
        return new AttentionPool(
                source.parameter("positional_embedding", positions, length + 1, width),
                source.linear("q_proj", width, width),
                source.linear("k_proj", width, width),
                source.linear("v_proj", width, width),
                source.linear("c_proj", width, outputs),
                heads);
    }

    /// Pools `[B, L, E]` into `[B, outputs]`.
    public Tensor forward(Tensor x) {
        Tensor tokens = Ops.cat(1, Ops.mean(x, true, 1), x).add(positions); // [B, L + 1, E]
        Tensor query = split(q.forward(tokens.narrow(1, 0, 1))); // [B, A, 1, E/A]
        Tensor key = split(k.forward(tokens)); // [B, A, L + 1, E/A]
        Tensor value = split(v.forward(tokens)); // [B, A, L + 1, E/A]
        double scale = 1 / Math.sqrt(query.size(3));
        Tensor y = AttentionKernel.attend(query, key, value, null, scale); // [B, A, 1, E/A]
        return out.forward(y.reshape(x.size(0), x.size(2))); // [B, outputs]
    }

    private Tensor split(Tensor x) {
        return x.reshape(x.size(0), x.size(1), heads, x.size(2) / heads).transpose(1, 2);
    }
}
