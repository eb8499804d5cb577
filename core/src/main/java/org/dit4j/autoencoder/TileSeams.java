package org.dit4j.autoencoder;

import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;

/// Maps a large tensor tile by tile, where each tile fades linearly into the ones above and to the
/// left (diffusers `autoencoder_kl.py`, `tiled_decode`, `blend_v`, `blend_h`).
///
/// @param size height and width of a tile of the input
/// @param stride distance of tiles of the input
/// @param blend height and width of the seams of the output
/// @param keep height and width that a tile, but for the last ones, adds to the output
record TileSeams(int size, int stride, int blend, int keep) {
    /// Returns the tiles that an encoder sees.
    static TileSeams encoding(Tiling t) {
        int blend = Tiling.blend(t.latentSize(), t.overlap());
        return new TileSeams(
                t.sampleSize(),
                Tiling.stride(t.sampleSize(), t.overlap()),
                blend,
                t.latentSize() - blend);
    }

    /// Returns the tiles that a decoder sees.
    static TileSeams decoding(Tiling t) {
        int blend = Tiling.blend(t.sampleSize(), t.overlap());
        return new TileSeams(
                t.latentSize(),
                Tiling.stride(t.latentSize(), t.overlap()),
                blend,
                t.sampleSize() - blend);
    }

    /// Returns whether `x` `[B, C, H, W]` is larger than a tile.
    boolean needed(Tensor x) {
        return x.size(2) > size || x.size(3) > size;
    }

    /// Maps `x` `[B, C, H, W]`; `body` gets tiles `[B, C, <= size, <= size]`.
    Tensor map(Tensor x, UnaryOperator<Tensor> body) {
        var rows = new ArrayList<Tensor>();
        List<Tensor> above = List.of();
        for (long i = 0; i < x.size(2); i += stride) {
            var row = new ArrayList<Tensor>();
            for (long j = 0; j < x.size(3); j += stride) {
                Tensor up = above.isEmpty() ? null : above.get(row.size());
                Tensor left = row.isEmpty() ? null : row.getLast();
                Tensor in = cut(cut(x, 2, i, size), 3, j, size);
                row.add(
                        TensorScope.compute(() -> {
                            Tensor tile = body.apply(in);
                            tile = up == null ? tile : fade(up, tile, 2);
                            return left == null ? tile : fade(left, tile, 3);
                        }));
            }
            rows.add(Ops.cat(3, row.stream().map(this::kept).toArray(Tensor[]::new)));
            above.forEach(Tensor::close);
            above = row;
        }
        return Ops.cat(2, rows.toArray(Tensor[]::new));
    }

    private Tensor kept(Tensor tile) {
        return cut(cut(tile, 2, 0, keep), 3, 0, keep);
    }

    /// Returns `after` with its first rows or columns faded from the last ones of `before`: weight
    /// `y / extent` at distance y from the edge.
    private Tensor fade(Tensor before, Tensor after, int axis) {
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
        long[] shape = axis == 2 ? new long[] {1, 1, extent, 1} : new long[] {1, 1, 1, extent};
        Tensor seam =
                before.narrow(axis, before.size(axis) - extent, extent)
                        .mul(Ops.like(Tensors.of(out, shape), after))
                        .add(
                                after.narrow(axis, 0, extent)
                                        .mul(Ops.like(Tensors.of(in, shape), after)));
        return Ops.cat(axis, seam, after.narrow(axis, extent, after.size(axis) - extent));
    }

    private static Tensor cut(Tensor x, int axis, long from, long length) {
        return x.narrow(axis, from, Math.min(length, x.size(axis) - from));
    }
}
