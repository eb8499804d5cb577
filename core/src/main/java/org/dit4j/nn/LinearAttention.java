package org.dit4j.nn;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;

/// Attention whose weights are products of the positive parts of query and key instead of a softmax
/// (Katharopoulos et al. 2020, arXiv:2006.16236, section 3.2; with ReLU: Cai et al. 2023,
/// arXiv:2205.14756; Xie et al. 2024, arXiv:2410.10629, section 2.2). Its cost grows with the
/// number of tokens, not with their square.
public final class LinearAttention {
    /// Added to the sum of the weights, which may be zero.
    private static final double EPS = 1e-15;

    private LinearAttention() {}

    /// Returns what the queries find, `[B, A, N, K]` in the type of `q`; computed at least in
    /// float32.
    ///
    /// @param q queries `[B, A, N, K]`
    /// @param k keys `[B, A, L, K]`
    /// @param v values `[B, A, L, K]`
    public static Tensor attend(Tensor q, Tensor k, Tensor v) {
        Dtype wide = Dtype.of(q) == Dtype.FLOAT64 ? Dtype.FLOAT64 : Dtype.FLOAT32;
        Tensor query = Ops.relu(Ops.to(q, wide));
        Tensor key = Ops.relu(Ops.to(k, wide));
        Tensor state = key.transpose(2, 3).matmul(Ops.to(v, wide)); // [B, A, K, K]
        Tensor total = Ops.sum(key, true, 2).transpose(2, 3); // [B, A, K, 1]
        Tensor weight = Ops.add(query.matmul(total), EPS); // [B, A, N, 1]
        return Ops.to(query.matmul(state).div(weight), Dtype.of(q));
    }
}
