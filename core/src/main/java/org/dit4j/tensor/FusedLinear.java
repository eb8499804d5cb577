package org.dit4j.tensor;

import java.util.List;
import org.bytedeco.pytorch.IValueVector;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/// Linear layers that oneDNN computes on the CPU, without a gradient: those whose nonlinearity is
/// applied to the sums of the product before they are rounded and stored, and those of few rows.
///
/// GELU by itself takes a quarter of the time of the product in bfloat16, fused nearly none.
/// Weights in oneDNN's own order, packed once, were not faster and would need their memory twice.
final class FusedLinear {
    private static final String OPERATOR = "mkldnn::_linear_pointwise";
    private static final boolean AVAILABLE = Dispatch.has(OPERATOR, "");

    /// Up to so many rows oneDNN reads a float32 matrix faster than OpenBLAS: at 1 and 2 rows in
    /// 0.3 and 0.6 of its time, at 40 in 0.8; at 200 it is no faster.
    private static final long FEW = 48;

    private FusedLinear() {}

    /// Returns `x W^T + b`, as [Ops#linear] where that is not slower or gradients are recorded.
    ///
    /// @param x `[..., in]`
    /// @param weight `[out, in]`
    /// @param bias `[out]` or null
    static Tensor plain(Tensor x, Tensor weight, @Nullable Tensor bias) {
        boolean few = x.numel() <= FEW * x.size(-1) && Dtype.of(x) == Dtype.FLOAT32;
        return few && wanted(x, weight)
                ? fused(x, weight, bias, "none", "")
                : Ops.linear(x, weight, bias);
    }

    /// Returns GELU, in the tanh approximation, of `x W^T + b`, by two operators where there is no
    /// fused one, it is not faster, or gradients are recorded.
    ///
    /// @param x `[..., in]`
    /// @param weight `[out, in]`
    /// @param bias `[out]` or null
    static Tensor geluTanh(Tensor x, Tensor weight, @Nullable Tensor bias) {
        return wanted(x, weight)
                ? fused(x, weight, bias, "gelu", "tanh")
                : Ops.geluTanh(Ops.linear(x, weight, bias));
    }

    private static boolean wanted(Tensor x, Tensor weight) {
        Dtype dtype = Dtype.of(x);
        boolean fast = dtype == Dtype.BFLOAT16 ? Hardware.fastBf16() : dtype == Dtype.FLOAT32;
        return AVAILABLE
                && fast
                && x.is_cpu()
                && weight.is_cpu()
                && Dtype.of(weight) == dtype
                && !Ops.isGradEnabled();
    }

    private static Tensor fused(
            Tensor x, Tensor weight, @Nullable Tensor bias, String function, String algorithm) {
        try (var scope = TensorScope.open()) {
            IValueVector results =
                    Dispatch.call(OPERATOR, "", x, weight, bias, function, List.of(), algorithm);
            // what the stack holds dies with it, so another reference to the same memory
            return scope.promote(new Tensor(results.get(0).toTensor()));
        }
    }
}
