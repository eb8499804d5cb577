package org.dit4j.tensor;

import java.util.List;
import org.bytedeco.pytorch.IValueVector;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/// Linear layers whose nonlinearity is applied to the sums of the product before they are rounded
/// and stored. oneDNN computes them on the CPU; they have no gradient.
///
/// GELU by itself takes a quarter of the time of the product in bfloat16, fused nearly none.
/// Weights in oneDNN's own order, packed once, were not faster and would need their memory twice.
final class FusedLinear {
    private static final String OPERATOR = "mkldnn::_linear_pointwise";
    private static final boolean AVAILABLE = Dispatch.has(OPERATOR, "");

    private FusedLinear() {}

    /// Returns GELU, in the tanh approximation, of `x W^T + b`, by two operators where there is no
    /// fused one, it is not faster, or gradients are recorded.
    ///
    /// @param x `[..., in]`
    /// @param weight `[out, in]`
    /// @param bias `[out]` or null
    static Tensor geluTanh(Tensor x, Tensor weight, @Nullable Tensor bias) {
        return wanted(x, weight)
                ? fused(x, weight, bias)
                : Ops.geluTanh(Ops.linear(x, weight, bias));
    }

    private static boolean wanted(Tensor x, Tensor weight) {
        Dtype dtype = Dtype.of(x);
        boolean fast = dtype == Dtype.BFLOAT16 ? Hardware.fastBf16() : dtype == Dtype.FLOAT32;
        return AVAILABLE && fast && x.is_cpu() && Dtype.of(weight) == dtype && !Ops.isGradEnabled();
    }

    private static Tensor fused(Tensor x, Tensor weight, @Nullable Tensor bias) {
        try (var scope = TensorScope.open()) {
            IValueVector results =
                    Dispatch.call(OPERATOR, "", x, weight, bias, "gelu", List.of(), "tanh");
            // what the stack holds dies with it, so another reference to the same memory
            return scope.promote(new Tensor(results.get(0).toTensor()));
        }
    }
}
