package org.dit4j.tensor;

import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/// `softmax(q k^T * scale + mask) v`, on the path that is fastest for the device, element type and
/// length.
///
/// libtorch's fused kernel keeps memory linear in the length, but its CPU matrix products are slow
/// in this build (no MKL); the explicit form uses the fast batched products and needs `[B, A, L,
/// N]` for the scores.
public final class AttentionKernel {
    /// Scores of more elements than this are never made at once.
    private static final long MAX_EXPLICIT_SCORES = 1L << 26;

    private AttentionKernel() {}

    /// Attends.
    ///
    /// @param q `[B, A, L, K]`
    /// @param k `[B, A, N, K]`
    /// @param v `[B, A, N, K]`
    /// @param mask added to the scores, broadcast to `[B, A, L, N]`, or null
    /// @param scale factor of the scores, usually `1 / sqrt(K)`
    /// @return `[B, A, L, K]`
    public static Tensor attend(Tensor q, Tensor k, Tensor v, @Nullable Tensor mask, double scale) {
        return explicit(q, k) ? explicit(q, k, v, mask, scale) : fused(q, k, v, mask, scale);
    }

    private static boolean explicit(Tensor q, Tensor k) {
        long scores = q.size(0) * q.size(1) * q.size(2) * k.size(2);
        return q.is_cpu() && scores <= MAX_EXPLICIT_SCORES;
    }

    static Tensor explicit(Tensor q, Tensor k, Tensor v, @Nullable Tensor mask, double scale) {
        Tensor scores = Ops.mul(q, scale).matmul(k.transpose(-2, -1)); // [B, A, L, N]
        if (mask != null) {
            scores = scores.add(mask);
        }
        return torch.softmax(scores, -1).matmul(v);
    }

    static Tensor fused(Tensor q, Tensor k, Tensor v, @Nullable Tensor mask, double scale) {
        TensorOptional none = mask == null ? new TensorOptional() : new TensorOptional(mask);
        return torch.scaled_dot_product_attention(
                q, k, v, none, 0.0, false, new DoubleOptional(scale), false);
    }
}
