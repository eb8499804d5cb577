package org.dit4j.nn;

import java.util.stream.IntStream;
import org.dit4j.ConfigException;

/// The part of a grid of base positions that a grid of another size covers: that grid, its aspect
/// kept, is resized until its longer side fills the base, and centred (Hunyuan-DiT,
/// `posemb_layers.py`, "centralized interpolative" positions). A network then meets the positions
/// it was trained with, whatever the size.
///
/// @param top first row, in base positions
/// @param left first column, in base positions
/// @param height rows covered
/// @param width columns covered
public record GridRegion(int top, int left, int height, int width) {
    /// How `n` positions are spread over a side. Both are the same where the side starts at 0.
    public enum Spacing {
        /// The side's length over n apart, so that the far bound is left out: the original code.
        EVEN,
        /// From the near bound to the far bound times `(n - 1) / n`: diffusers (`embeddings.py`,
        /// `get_2d_rotary_pos_embed`).
        SHORTENED
    }

    /// Returns the region that a grid of `h` rows and `w` columns covers. Its bounds are whole
    /// numbers, halves rounded to even.
    ///
    /// @param base side of the base grid
    /// @throws ConfigException if a size is not positive
    public static GridRegion filling(int base, int h, int w) {
        ConfigException.require(
                base > 0 && h > 0 && w > 0,
                "a grid of %d x %d on a base of %d has no positions",
                h,
                w,
                base);
        return filling(base, base, h, w);
    }

    /// The same in a base that is not square (diffusers, `pipeline_cogvideox.py`,
    /// `get_resize_crop_region_for_grid`).
    ///
    /// @param baseRows rows of the base grid
    /// @param baseColumns columns of the base grid
    /// @throws ConfigException if a size is not positive
    public static GridRegion filling(int baseRows, int baseColumns, int h, int w) {
        ConfigException.require(
                baseRows > 0 && baseColumns > 0 && h > 0 && w > 0,
                "a grid of %d x %d on a base of %d x %d has no positions",
                h,
                w,
                baseRows,
                baseColumns);
        boolean high = (double) h / w > (double) baseRows / baseColumns;
        int height = high ? baseRows : (int) Math.rint((double) baseColumns / w * h);
        int width = high ? (int) Math.rint((double) baseRows / h * w) : baseColumns;
        return new GridRegion(
                middle(baseRows - height), middle(baseColumns - width), height, width);
    }

    private static int middle(int free) {
        return (int) Math.rint(free / 2.0);
    }

    /// Returns the positions of `n` rows from the top on.
    public double[] rows(int n, Spacing spacing) {
        return spaced(top, height, n, spacing);
    }

    /// Returns the positions of `n` columns from the left on.
    public double[] columns(int n, Spacing spacing) {
        return spaced(left, width, n, spacing);
    }

    private static double[] spaced(int start, int length, int n, Spacing spacing) {
        double step =
                switch (spacing) {
                    case EVEN -> (double) length / n;
                    case SHORTENED ->
                            n == 1
                                    ? 0
                                    : ((double) (start + length) * (n - 1) / n - start) / (n - 1);
                };
        return IntStream.range(0, n).mapToDouble(i -> start + step * i).toArray();
    }
}
