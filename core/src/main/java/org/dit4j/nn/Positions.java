package org.dit4j.nn;

import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Tensors;

/// Fixed position tables.
public final class Positions {
    private Positions() {}

    /// Returns the two-dimensional sin-cos table `[1, h w, D]`, float32 (DiT, `models.py`, after
    /// MAE): the first half of the channels encodes the column, the second the row; each half is
    /// sines, then cosines, of `position / 10000^(2 i / (D / 2))`. Computed in float64.
    public static Tensor sinCos2d(int width, int h, int w) {
        return sinCos2d(width, h, w, 1, 1);
    }

    /// The same with rows and columns that lie `rowStep` and `columnStep` apart.
    public static Tensor sinCos2d(int width, int h, int w, double rowStep, double columnStep) {
        return sinCos2d(width, steps(h, rowStep), steps(w, columnStep));
    }

    private static double[] steps(int n, double step) {
        return IntStream.range(0, n).mapToDouble(i -> i * step).toArray();
    }

    /// The same with rows and columns at given positions.
    public static Tensor sinCos2d(int width, double[] rows, double[] columns) {
        int quarter = width / 4;
        int w = columns.length;
        var table = new float[rows.length * w * width];
        for (int row = 0; row < rows.length; row++) {
            for (int col = 0; col < w; col++) {
                int token = (row * w + col) * width;
                sinCos(table, token, quarter, columns[col]);
                sinCos(table, token + 2 * quarter, quarter, rows[row]);
            }
        }
        return Tensors.of(table, 1, (long) rows.length * w, width);
    }

    /// Returns the one-dimensional sin-cos table `[1, n, D]`, float32: sines, then cosines, of `i
    /// step / 10000^(2 j / D)` (MAE, `get_1d_sincos_pos_embed_from_grid`). Computed in float64.
    ///
    /// @param width D, even
    public static Tensor sinCos1d(int width, int n, double step) {
        var table = new float[n * width];
        for (int i = 0; i < n; i++) {
            sinCos(table, i * width, width / 2, i * step);
        }
        return Tensors.of(table, 1, n, width);
    }

    private static void sinCos(float[] table, int at, int count, double position) {
        for (int i = 0; i < count; i++) {
            double angle = position * Math.pow(10000, -(double) i / count);
            table[at + i] = (float) Math.sin(angle);
            table[at + count + i] = (float) Math.cos(angle);
        }
    }
}
