package org.dit4j.nn;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.tensor.ShapeException;

/// The block of a video that becomes one token; a whole video is cut without rest, frame by frame,
/// then row by row.
///
/// @param frames its length PT
/// @param height its rows PH
/// @param width its columns PW
public record VideoPatch(int frames, int height, int width) {
    /// Checks that no side is empty.
    public VideoPatch {
        ConfigException.require(
                frames > 0 && height > 0 && width > 0,
                "patch_size must be positive but is %d x %d x %d",
                frames,
                height,
                width);
    }

    /// How many patches a video has along each axis.
    ///
    /// @param frames T
    /// @param rows R
    /// @param columns S
    public record Grid(long frames, long rows, long columns) {
        /// Returns the number of tokens N.
        public long tokens() {
            return frames * rows * columns;
        }

        /// Returns frame, row and column of each token, `[N][3]`.
        public double[][] places() {
            int r = Math.toIntExact(rows);
            int s = Math.toIntExact(columns);
            var all = new double[Math.toIntExact(tokens())][];
            for (int i = 0; i < all.length; i++) {
                int frame = i / (r * s);
                int row = i / s % r;
                all[i] = new double[] {frame, row, i % s};
            }
            return all;
        }
    }

    /// Returns the number of places in a patch, PT PH PW.
    public long volume() {
        return (long) frames * height * width;
    }

    /// Returns how many patches a video has.
    ///
    /// @param f its frames
    /// @param h its rows
    /// @param w its columns
    /// @throws ShapeException if it does not divide into patches
    public Grid grid(long f, long h, long w) {
        if (f <= 0 || f % frames != 0 || h % height != 0 || w % width != 0) {
            throw new ShapeException(
                    "a video of %d x %d x %d does not divide into patches of %d x %d x %d"
                            .formatted(f, h, w, frames, height, width));
        }
        return new Grid(f / frames, h / height, w / width);
    }

    /// Cuts `[B, C, F, H, W]` into `[B, N, C PT PH PW]`, each token ordered channel, frame, row,
    /// column: what a convolution sees whose stride is its kernel.
    public Tensor patchify(Tensor x) {
        Grid g = grid(x.size(2), x.size(3), x.size(4));
        long c = x.size(1);
        return x.reshape(x.size(0), c, g.frames, frames, g.rows, height, g.columns, width)
                .permute(0, 2, 4, 6, 1, 3, 5, 7)
                .reshape(x.size(0), g.tokens(), c * volume());
    }

    /// Puts tokens `[B, N, PT PH PW C]`, each ordered frame, row, column, channel, back into `[B,
    /// C, F, H, W]`.
    public Tensor unpatchify(Tensor x, Grid g) {
        long c = x.size(2) / volume();
        return x.reshape(x.size(0), g.frames, g.rows, g.columns, frames, height, width, c)
                .permute(0, 7, 1, 4, 2, 5, 3, 6)
                .reshape(x.size(0), c, g.frames * frames, g.rows * height, g.columns * width);
    }

    /// Puts tokens `[B, N, C PT PH PW]`, each ordered as [#patchify] does it, back into `[B, C, F,
    /// H, W]`.
    public Tensor unpatchifyChannelsFirst(Tensor x, Grid g) {
        long c = x.size(2) / volume();
        return x.reshape(x.size(0), g.frames, g.rows, g.columns, c, frames, height, width)
                .permute(0, 4, 1, 5, 2, 6, 3, 7)
                .reshape(x.size(0), c, g.frames * frames, g.rows * height, g.columns * width);
    }
}
