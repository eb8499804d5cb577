package org.dit4j.tensor;

import org.bytedeco.pytorch.MemoryFormatOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/// Doubles height and width by repeating pixels, then convolves 3x3.
///
/// Of the nine pixels under the kernel only 2x2 are different ones, and which taps fall on the same
/// pixel depends only on whether row and column are even: `w0 x[i-1] + (w1 + w2) x[i]` in even
/// rows, `(w0 + w1) x[i] + w2 x[i+1]` in odd ones, and the same for columns. So four 2x2
/// convolutions of the small picture do the work of a 3x3 convolution of the large one with 16
/// products in place of 36.
public final class UpsampledConvolution {
    /// With fewer pixels the sums of the taps cost more than they save.
    private static final long FEWEST_PIXELS = 256;

    private UpsampledConvolution() {}

    /// Doubles and convolves.
    ///
    /// @param x `[B, C, H, W]`
    /// @param weight `[out, C, 3, 3]`
    /// @param bias `[out]` or null
    /// @return `[B, out, 2 H, 2 W]`
    public static Tensor forward(Tensor x, Tensor weight, @Nullable Tensor bias) {
        boolean worthwhile = x.is_cpu() && x.size(0) * x.size(2) * x.size(3) >= FEWEST_PIXELS;
        return worthwhile && !Ops.isGradEnabled()
                ? TensorScope.compute(() -> quarters(x, weight, bias))
                : Ops.conv2d(Ops.upsampleNearest2x(x), weight, bias, 1, 1);
    }

    private static Tensor quarters(Tensor x, Tensor weight, @Nullable Tensor bias) {
        long b = x.size(0);
        long h = x.size(2);
        long w = x.size(3);
        long out = weight.size(0);
        Tensor y =
                torch.empty(
                        new long[] {b, h, 2, w, 2, out}, x.options(), new MemoryFormatOptional());
        Dtype sums = Dtype.of(weight) == Dtype.FLOAT64 ? Dtype.FLOAT64 : Dtype.FLOAT32;
        Tensor taps = Ops.to(weight.permute(0, 2, 3, 1).contiguous(), sums); // [out, 3, 3, C]
        for (long row = 0; row < 2; row++) {
            Tensor rows = folded(taps, 1, row); // [out, 2, 3, C]
            for (long column = 0; column < 2; column++) {
                try (var _ = TensorScope.open()) {
                    Tensor kernel = Ops.like(folded(rows, 2, column), weight).permute(0, 3, 1, 2);
                    Tensor all = Ops.conv2d(x, kernel, bias, 1, 1); // [B, out, H + 1, W + 1]
                    Tensor part = all.narrow(2, row, h).narrow(3, column, w);
                    y.select(4, column).select(2, row).copy_(part.permute(0, 2, 3, 1));
                }
            }
        }
        return y.view(b, 2 * h, 2 * w, out).permute(0, 3, 1, 2);
    }

    /// Adds up the taps along `axis` that fall on the same pixel: `[w0, w1 + w2]` where the index
    /// is even, `[w0 + w1, w2]` where it is odd.
    private static Tensor folded(Tensor taps, long axis, long odd) {
        Tensor first = taps.narrow(axis, 0, 1);
        Tensor middle = taps.narrow(axis, 1, 1);
        Tensor last = taps.narrow(axis, 2, 1);
        return odd == 0
                ? Ops.cat(axis, first, middle.add(last))
                : Ops.cat(axis, first.add(middle), last);
    }
}
