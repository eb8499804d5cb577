package org.dit4j.autoencoder;

import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.ShapeException;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;

/// Maps a large tensor tile by tile, where each tile is laid over the ones before it with weights
/// that rise from its upper and left edge (diffusers `autoencoder_tiny.py`, `_tiled_encode` and
/// `_tiled_decode`).
///
/// @param rows along the height of the input
/// @param columns along its width
/// @param multiply factor from input to output, 1 if it shrinks
/// @param divide divisor from input to output, 1 if it grows
record TinyTiles(Strip rows, Strip columns, int multiply, int divide) {
    /// The tiles along one axis of the input.
    ///
    /// @param size length of a tile
    /// @param blend what it shares with the next one
    record Strip(int size, int blend) {}

    static TinyTiles encoding(Tiling t, int downsampling) {
        return new TinyTiles(encoding(t.rows()), encoding(t.columns()), 1, downsampling);
    }

    private static Strip encoding(Tiling.Axis a) {
        return new Strip(a.sampleSize(), a.sampleBlend());
    }

    static TinyTiles decoding(Tiling t, int downsampling) {
        return new TinyTiles(decoding(t.rows()), decoding(t.columns()), downsampling, 1);
    }

    private static Strip decoding(Tiling.Axis a) {
        return new Strip(a.latentSize(), a.latentBlend());
    }

    /// Maps `x` `[B, C, H, W]` to `[B, channels, h, w]`.
    Tensor map(Tensor x, long channels, UnaryOperator<Tensor> body) {
        Tensor out =
                Tensors.zeros(
                        Dtype.of(x), x.size(0), channels, scaled(x.size(2)), scaled(x.size(3)));
        out = Ops.like(out, x);
        for (long i = 0; i < x.size(2); i += rows.size - rows.blend) {
            for (long j = 0; j < x.size(3); j += columns.size - columns.blend) {
                try (var _ = TensorScope.open()) {
                    Tensor in = cut(cut(x, 2, i, i + rows.size), 3, j, j + columns.size);
                    lay(out, body.apply(in), i, j);
                }
            }
        }
        return out;
    }

    private void lay(Tensor out, Tensor tile, long i, long j) {
        Tensor place =
                cut(
                        cut(out, 2, scaled(i), scaled(i + rows.size)),
                        3,
                        scaled(j),
                        scaled(j + columns.size));
        if (place.size(2) != tile.size(2) || place.size(3) != tile.size(3)) {
            throw new ShapeException(
                    "a tile gives %d x %d where %d x %d are wanted: height and width must be multiples of %d"
                            .formatted(
                                    tile.size(2),
                                    tile.size(3),
                                    place.size(2),
                                    place.size(3),
                                    divide));
        }
        Tensor down = weights(i, tile.size(2), rows.blend).reshape(-1, 1);
        Tensor across = weights(j, tile.size(3), columns.blend);
        Tensor w = Ops.like(down.mul(across), tile); // [h, w]
        Tensor rest = Ops.add(w.neg(), 1);
        place.copy_(w.mul(tile).add(rest.mul(place)));
    }

    /// Returns `[n]`: `y / (blend - 1)` limited to [0, 1], in units of the output; ones for the
    /// first tile. As in the original, a seam of less than two output pixels has no positive
    /// weights: what lies behind the first tile stays zero.
    private Tensor weights(long start, long n, int blend) {
        var w = new float[(int) n];
        double last = (double) blend * multiply / divide - 1;
        for (int y = 0; y < n; y++) {
            w[y] = start == 0 ? 1 : Math.clamp((float) (y / last), 0f, 1f);
        }
        return Tensors.of(w, n);
    }

    private long scaled(long length) {
        return length * multiply / divide;
    }

    private static Tensor cut(Tensor x, int axis, long from, long to) {
        long start = Math.min(from, x.size(axis));
        return x.narrow(axis, start, Math.min(to, x.size(axis)) - start);
    }
}
