package org.dit4j.nn;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Tensors;

/// Rotary positions (Su et al. 2021, arXiv:2104.09864): every pair of neighbouring channels of a
/// head is turned by an angle that grows with the position of its token.
///
/// @param cos `[N, K]` float32, each cosine twice in a row
/// @param sin `[N, K]` float32, each sine twice in a row
public record Rotary(Tensor cos, Tensor sin) {
    private static final double THETA = 10000;

    /// Returns the tables of a grid, tokens row by row: the first half of the channels turns with
    /// the column, the second with the row, pair i of M by `position / 10000^(i / M)` (Hunyuan-DiT,
    /// `posemb_layers.py`, `get_2d_rotary_pos_embed`). Computed in float64.
    ///
    /// @param width channels of a head K, divisible by 4
    /// @param rows position of each row
    /// @param columns position of each column
    /// @throws ConfigException if the width does not divide by 4
    public static Rotary grid(int width, double[] rows, double[] columns) {
        ConfigException.require(
                width > 0 && width % 4 == 0,
                "rotary positions in 2-D need a head width divisible by 4 but it is %d",
                width);
        int tokens = rows.length * columns.length;
        var cos = new float[tokens * width];
        var sin = new float[tokens * width];
        for (int token = 0; token < tokens; token++) {
            double row = rows[token / columns.length];
            double column = columns[token % columns.length];
            for (int pair = 0; pair < width / 2; pair++) {
                int m = width / 4;
                double angle =
                        (pair < m ? column : row) * Math.pow(THETA, -(pair % m) / (double) m);
                int at = token * width + 2 * pair;
                cos[at] = cos[at + 1] = (float) Math.cos(angle);
                sin[at] = sin[at + 1] = (float) Math.sin(angle);
            }
        }
        return new Rotary(Tensors.of(cos, tokens, width), Tensors.of(sin, tokens, width));
    }

    /// Returns the tables of a grid of `h` rows and `w` columns whose positions are interpolated
    /// within a square of `base` positions (see [GridRegion]).
    public static Rotary centred(int width, int base, int h, int w, GridRegion.Spacing spacing) {
        GridRegion region = GridRegion.filling(base, h, w);
        return grid(width, region.rows(h, spacing), region.columns(w, spacing));
    }

    /// Returns the tables on the device of `x`.
    public Rotary on(Tensor x) {
        return new Rotary(
                cos.to(x.device(), cos.scalar_type()), sin.to(x.device(), sin.scalar_type()));
    }

    /// Turns the heads of tokens `[B, A, N, K]`, at least in float32; the result has the type of
    /// `x`.
    public Tensor rotate(Tensor x) {
        long pairs = x.size(3) / 2;
        Tensor p = x.reshape(x.size(0), x.size(1), x.size(2), pairs, 2); // [B, A, N, K/2, 2]
        Tensor turned = Ops.stack(-1, p.select(-1, 1).neg(), p.select(-1, 0)).flatten(3, 4);
        return Ops.like(x.mul(cos).add(turned.mul(sin)), x); // [B, A, N, K]
    }
}
