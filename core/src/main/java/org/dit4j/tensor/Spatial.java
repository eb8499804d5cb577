package org.dit4j.tensor;

import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/// Operators of convolutional networks over pictures `[B, C, H, W]`, beside those of [Ops].
public final class Spatial {
    private Spatial() {}

    /// Convolves, padded by half of the kernel in each direction if `same`, else not at all.
    ///
    /// @param weight `[out, in, kh, kw]`
    public static Tensor conv2d(Tensor x, Tensor weight, long stride, boolean same) {
        long[] padding = {same ? weight.size(2) / 2 : 0, same ? weight.size(3) / 2 : 0};
        return Convolutions.conv2d(x, weight, null, stride, padding, 1);
    }

    /// Normalises channels by given means and variances: batch normalisation of a trained network.
    ///
    /// @param weight `[C]`
    /// @param bias `[C]`
    /// @param mean `[C]`
    /// @param variance `[C]`
    public static Tensor batchNorm(
            Tensor x, Tensor weight, Tensor bias, Tensor mean, Tensor variance, double eps) {
        if (ShapesOnly.are("batch norm", x, weight, bias, mean, variance)) {
            return ShapesOnly.alike(x);
        }
        return torch.batch_norm(
                x,
                Ops.optional(weight),
                Ops.optional(bias),
                Ops.optional(mean),
                Ops.optional(variance),
                false,
                0,
                eps,
                false);
    }

    /// Takes the largest element of squares that lie `stride` apart.
    public static Tensor maxPool(Tensor x, long size, long stride, long padding) {
        return torch.max_pool2d(
                x,
                new long[] {size, size},
                new long[] {stride, stride},
                new long[] {padding, padding},
                new long[] {1, 1},
                false);
    }

    /// Averages squares around every pixel; what lies outside of the picture does not count.
    ///
    /// @param size odd
    public static Tensor averageAround(Tensor x, long size) {
        return torch.avg_pool2d(
                x,
                new long[] {size, size},
                new long[] {1, 1},
                new long[] {size / 2, size / 2},
                false,
                false,
                new LongOptional());
    }

    /// Adds `n` rows and columns on every side that repeat the edge.
    public static Tensor padEdges(Tensor x, long n) {
        return torch.replication_pad2d(x, n, n, n, n);
    }

    /// Adds columns at the right and rows below that repeat the edge.
    public static Tensor padEnd(Tensor x, long columns, long rows) {
        return torch.replication_pad2d(x, 0, columns, 0, rows);
    }

    /// Resizes bilinearly without anti-aliasing, with pixels as areas (`align_corners=False`).
    public static Tensor resizeBilinear(Tensor x, long height, long width) {
        return torch.upsample_bilinear2d(x, new long[] {height, width}, false);
    }

    /// Enlarges or shrinks videos `[B, C, F, H, W]` to the given frames, height and width: each
    /// place takes the value of the nearest one towards the origin.
    public static Tensor nearest3d(Tensor x, long frames, long height, long width) {
        return torch.upsample_nearest3d(x, frames, height, width);
    }

    /// Makes channels pixels: `[B, C n n, H, W]` to `[B, C, n H, n W]`, where channel `c n n + i n
    /// + j` becomes row i and column j.
    public static Tensor pixelShuffle(Tensor x, long n) {
        return torch.pixel_shuffle(x, n);
    }

    /// Makes pixels channels, the inverse of [#pixelShuffle].
    public static Tensor pixelUnshuffle(Tensor x, long n) {
        return torch.pixel_unshuffle(x, n);
    }
}
