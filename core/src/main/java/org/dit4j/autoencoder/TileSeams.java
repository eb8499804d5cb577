package org.dit4j.autoencoder;

import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;

/// Maps a large tensor tile by tile, where each tile fades linearly into the ones above and to the
/// left (diffusers `autoencoder_kl.py`, `tiled_decode`, `blend_v`, `blend_h`). The tiles lie on the
/// last two axes, whatever stands before them.
///
/// @param rows along the height
/// @param columns along the width
record TileSeams(Seam rows, Seam columns) {
    /// The tiles along one axis.
    ///
    /// @param size length of a tile of the input
    /// @param stride distance of tiles of the input
    /// @param blend length of the seams of the output
    /// @param keep length that a tile, but for the last one, adds to the output
    record Seam(int size, int stride, int blend, int keep) {}

    /// Returns the tiles that an encoder sees.
    static TileSeams encoding(Tiling t) {
        return new TileSeams(encoding(t.rows()), encoding(t.columns()));
    }

    private static Seam encoding(Tiling.Axis a) {
        return new Seam(
                a.sampleSize(),
                a.sampleStride(),
                a.latentBlend(),
                a.latentSize() - a.latentBlend());
    }

    /// Returns the tiles that a decoder sees.
    static TileSeams decoding(Tiling t) {
        return new TileSeams(decoding(t.rows()), decoding(t.columns()));
    }

    private static Seam decoding(Tiling.Axis a) {
        return new Seam(
                a.latentSize(),
                a.latentStride(),
                a.sampleBlend(),
                a.sampleSize() - a.sampleBlend());
    }

    /// Returns whether `x` `[..., H, W]` is larger than a tile.
    boolean needed(Tensor x) {
        return x.size(-2) > rows.size || x.size(-1) > columns.size;
    }

    /// Maps `x` `[..., H, W]`; `body` gets tiles `[..., <= size, <= size]`.
    Tensor map(Tensor x, UnaryOperator<Tensor> body) {
        long high = x.dim() - 2;
        long wide = x.dim() - 1;
        var all = new ArrayList<Tensor>();
        List<Tensor> above = List.of();
        for (long i = 0; i < x.size(high); i += rows.stride) {
            var row = new ArrayList<Tensor>();
            for (long j = 0; j < x.size(wide); j += columns.stride) {
                Tensor up = above.isEmpty() ? null : above.get(row.size());
                Tensor left = row.isEmpty() ? null : row.getLast();
                Tensor in = cut(cut(x, high, i, rows.size), wide, j, columns.size);
                row.add(
                        TensorScope.compute(() -> {
                            Tensor tile = body.apply(in);
                            tile = up == null ? tile : fade(up, tile, high, rows.blend);
                            return left == null ? tile : fade(left, tile, wide, columns.blend);
                        }));
            }
            all.add(Ops.cat(wide, row.stream().map(this::kept).toArray(Tensor[]::new)));
            above.forEach(Tensor::close);
            above = row;
        }
        return Ops.cat(high, all.toArray(Tensor[]::new));
    }

    private Tensor kept(Tensor tile) {
        return cut(cut(tile, tile.dim() - 2, 0, rows.keep), tile.dim() - 1, 0, columns.keep);
    }

    /// Returns `after` with its first rows or columns faded from the last ones of `before`: weight
    /// `y / extent` at distance y from the edge.
    private static Tensor fade(Tensor before, Tensor after, long axis, int blend) {
        long extent = Math.min(blend, Math.min(before.size(axis), after.size(axis)));
        if (extent == 0) {
            return after;
        }
        var in = new float[(int) extent];
        var out = new float[(int) extent];
        for (int y = 0; y < extent; y++) {
            in[y] = (float) (y / (double) extent);
            out[y] = (float) (1 - y / (double) extent);
        }
        boolean isRow = axis == after.dim() - 2;
        long[] shape = isRow ? new long[] {extent, 1} : new long[] {extent};
        Tensor seam =
                before.narrow(axis, before.size(axis) - extent, extent)
                        .mul(Ops.like(Tensors.of(out, shape), after))
                        .add(
                                after.narrow(axis, 0, extent)
                                        .mul(Ops.like(Tensors.of(in, shape), after)));
        return Ops.cat(axis, seam, after.narrow(axis, extent, after.size(axis) - extent));
    }

    private static Tensor cut(Tensor x, long axis, long from, long length) {
        return x.narrow(axis, from, Math.min(length, x.size(axis) - from));
    }
}
