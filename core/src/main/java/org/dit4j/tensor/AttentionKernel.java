package org.dit4j.tensor;

import java.util.function.Supplier;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/// `softmax(q k^T * scale + mask) v`, on the path that is fastest for device and element type.
///
/// libtorch's fused kernel keeps memory linear in the length, and so does [BlockedAttention]; the
/// explicit form needs `[B, A, L, N]` for the scores. Measured on CPUs (`docs/log.md`): in float32
/// the fused kernel is fastest, if each of its products stays on one thread. In bfloat16 it is
/// forward where the processor has tiles (AMX); without them, and backward everywhere, its products
/// are scalar and thirty times slower. There inference goes block by block and training is
/// explicit. Processors without bfloat16 emulate it, see [EmulatedBf16].
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
        if (ShapesOnly.are("attention", q, k, v, mask)) {
            return explicit(q, k, v, mask, scale);
        }
        if (EmulatedBf16.wanted(q)) {
            return EmulatedBf16.compute(a -> choose(a[0], a[1], a[2], a[3], scale), q, k, v, mask);
        }
        return choose(q, k, v, mask, scale);
    }

    private static Tensor choose(
            Tensor q, Tensor k, Tensor v, @Nullable Tensor mask, double scale) {
        if (!q.is_cpu() || fusedIsFast(Dtype.of(q))) {
            return fused(q, k, v, mask, scale);
        }
        if (!Ops.isGradEnabled()) {
            return BlockedAttention.attend(q, k, v, mask, scale);
        }
        long scores = q.size(0) * q.size(1) * q.size(2) * k.size(2);
        return scores <= MAX_EXPLICIT_SCORES
                ? explicit(q, k, v, mask, scale)
                : fused(q, k, v, mask, scale);
    }

    private static boolean fusedIsFast(Dtype dtype) {
        return dtype == Dtype.FLOAT32
                || dtype == Dtype.FLOAT64
                || (dtype == Dtype.BFLOAT16 && Hardware.hasBf16Tiles() && !Ops.isGradEnabled());
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
        Supplier<Tensor> kernel =
                () ->
                        torch.scaled_dot_product_attention(
                                q, k, v, none, 0.0, false, new DoubleOptional(scale), false);
        if (!q.is_cpu()) {
            return kernel.get();
        }
        Tensor y = Blas.oneThreadEach(kernel);
        if (y.requires_grad() && v.requires_grad()) {
            Blas.oneThreadEachBackward(y, v);
        }
        return y;
    }
}
