package org.dit4j.tensor;

import java.util.function.Function;
import java.util.function.Supplier;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.DeviceType;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/// bfloat16 products on processors that cannot multiply bfloat16.
///
/// There libtorch falls back to scalar code, an order of magnitude slower than float32. A product
/// of two bfloat16 numbers is exact in float32, and native kernels add up in float32 as well: so
/// operands rounded to bfloat16, multiplied in float32, and a result rounded to bfloat16 are the
/// same arithmetic, at nearly the speed of float32.
final class EmulatedBf16 {
    private EmulatedBf16() {}

    /// Returns whether a product with `x` would be computed in bfloat16, by its own type or by
    /// autocast, and this processor cannot.
    static boolean wanted(Tensor x) {
        return !Hardware.fastBf16()
                && x.is_cpu()
                && switch (Dtype.of(x)) {
                    case BFLOAT16 -> true;
                    case FLOAT32 -> castsToBf16();
                    default -> false;
                };
    }

    private static boolean castsToBf16() {
        return torch.is_autocast_enabled(DeviceType.CPU)
                && torch.get_autocast_dtype(DeviceType.CPU).intern() == ScalarType.BFloat16;
    }

    /// Computes `product` of the rounded operands; those that are null stay null.
    ///
    /// @return what `product` returns, rounded to bfloat16
    static Tensor compute(
            Function<@Nullable Tensor[], Tensor> product, @Nullable Tensor... operands) {
        return TensorScope.compute(() -> {
            var rounded = new @Nullable Tensor[operands.length];
            for (int i = 0; i < rounded.length; i++) {
                Tensor x = operands[i];
                rounded[i] = x == null ? null : Ops.to(Ops.to(x, Dtype.BFLOAT16), Dtype.FLOAT32);
            }
            return Ops.to(withoutAutocast(() -> product.apply(rounded)), Dtype.BFLOAT16);
        });
    }

    private static Tensor withoutAutocast(Supplier<Tensor> body) {
        boolean before = torch.is_autocast_enabled(DeviceType.CPU);
        torch.set_autocast_enabled(DeviceType.CPU, false);
        try {
            return body.get();
        } finally {
            torch.set_autocast_enabled(DeviceType.CPU, before);
        }
    }
}
