package org.dit4j.tensor;

import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/// Convolutions of sounds and videos, and those of pictures that [Ops#conv2d] does not know.
public final class Convolutions {
    private Convolutions() {}

    /// Convolves a sound.
    ///
    /// @param x `[B, C, N]`
    /// @param weight `[out, C, k]`
    /// @param bias `[out]` or null
    /// @param padding zeros at both ends
    /// @param dilation distance of the inputs of one output
    public static Tensor conv1d(
            Tensor x,
            Tensor weight,
            @Nullable Tensor bias,
            long stride,
            long padding,
            long dilation) {
        var at = new Geometry(new long[] {stride}, new long[] {padding}, new long[] {dilation});
        return compute(
                x,
                weight,
                bias,
                at,
                (a, w, b) ->
                        torch.conv1d(a, w, Ops.optional(b), at.stride, at.padding, at.dilation, 1));
    }

    /// Convolves a sound, transposed: the inputs come to lie `stride` apart, and what reaches over
    /// the ends by `padding` is cut off.
    ///
    /// @param x `[B, C, N]`
    /// @param weight `[C, out, k]`
    /// @param bias `[out]` or null
    /// @return `[B, out, (N - 1) stride + k - 2 padding]`
    public static Tensor transposed1d(
            Tensor x, Tensor weight, @Nullable Tensor bias, long stride, long padding) {
        if (ShapesOnly.are("convolution", x, weight, bias)) {
            long n = (x.size(2) - 1) * stride + weight.size(2) - 2 * padding;
            return Tensors.meta(Dtype.of(x), x.size(0), weight.size(1), n);
        }
        return compute(
                x,
                weight,
                bias,
                (a, w, b) ->
                        torch.conv_transpose1d(
                                a,
                                w,
                                Ops.optional(b),
                                new long[] {stride},
                                new long[] {padding},
                                new long[] {0},
                                1,
                                1));
    }

    /// Convolves a picture whose channels are cut into groups that do not see each other.
    ///
    /// @param x `[B, C, H, W]`
    /// @param weight `[out, C / groups, k, k]`, k odd; height and width stay
    /// @param bias `[out]` or null
    public static Tensor grouped2d(Tensor x, Tensor weight, @Nullable Tensor bias, long groups) {
        long padding = weight.size(2) / 2;
        return conv2d(x, weight, bias, 1, new long[] {padding, padding}, groups);
    }

    /// Convolves a picture.
    ///
    /// @param padding zeros above and below, and at the left and right
    static Tensor conv2d(
            Tensor x,
            Tensor weight,
            @Nullable Tensor bias,
            long stride,
            long[] padding,
            long groups) {
        var at = new Geometry(new long[] {stride, stride}, padding, new long[] {1, 1});
        return compute(
                x,
                weight,
                bias,
                at,
                (a, w, b) ->
                        torch.conv2d(
                                a, w, Ops.optional(b), at.stride, at.padding, at.dilation, groups));
    }

    /// Convolves a video: padded so that height and width stay, not padded in time.
    ///
    /// @param x `[B, C, F, H, W]`
    /// @param weight `[out, C, kf, k, k]`, k odd
    /// @param bias `[out]` or null
    /// @param stride in time
    /// @return `[B, out, (F - kf) / stride + 1, H, W]`
    public static Tensor conv3d(Tensor x, Tensor weight, @Nullable Tensor bias, long stride) {
        long[] padding = {0, weight.size(3) / 2, weight.size(4) / 2};
        var at = new Geometry(new long[] {stride, 1, 1}, padding, new long[] {1, 1, 1});
        return compute(
                x,
                weight,
                bias,
                at,
                (a, w, b) ->
                        torch.conv3d(a, w, Ops.optional(b), at.stride, at.padding, at.dilation, 1));
    }

    /// How a kernel moves along each axis.
    private record Geometry(long[] stride, long[] padding, long[] dilation) {}

    private interface Product {
        Tensor of(Tensor x, Tensor weight, @Nullable Tensor bias);
    }

    private static Tensor compute(
            Tensor x, Tensor weight, @Nullable Tensor bias, Geometry at, Product product) {
        return ShapesOnly.are("convolution", x, weight, bias)
                ? ShapesOnly.convolution(x, weight, at.stride, at.padding, at.dilation)
                : compute(x, weight, bias, product);
    }

    private static Tensor compute(Tensor x, Tensor weight, @Nullable Tensor bias, Product product) {
        return EmulatedBf16.wanted(x)
                ? EmulatedBf16.compute(a -> product.of(a[0], a[1], a[2]), x, weight, bias)
                : product.of(x, weight, bias);
    }
}
