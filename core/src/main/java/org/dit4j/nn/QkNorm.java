package org.dit4j.nn;

import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/// Norms of queries and keys, head by head, which keep attention scores bounded (Dehghani et al.
/// 2023, arXiv:2302.05442).
///
/// @param q norm over the K channels of a head of queries, or null
/// @param k norm over the K channels of a head of keys, or null
public record QkNorm(@Nullable Norm q, @Nullable Norm k) {
    /// Queries and keys stay as they are.
    public static final QkNorm NONE = new QkNorm(null, null);

    /// Builds layer norms from `q_norm` and `k_norm` below `source`.
    ///
    /// @param headWidth channels of a head K
    public static QkNorm of(ParameterSource source, long headWidth) {
        return new QkNorm(
                source.layerNorm("q_norm", headWidth, 1e-6),
                source.layerNorm("k_norm", headWidth, 1e-6));
    }

    /// Normalises queries `[..., K]`.
    public Tensor queries(Tensor x) {
        return q == null ? x : q.forward(x);
    }

    /// Normalises keys `[..., K]`.
    public Tensor keys(Tensor x) {
        return k == null ? x : k.forward(x);
    }
}
