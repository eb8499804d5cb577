package org.dit4j.nn;

import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Shapes;
import org.dit4j.tensor.Tensors;

/// Rotary positions (Su et al. 2021, arXiv:2104.09864): every pair of neighbouring channels of a
/// head is turned by an angle that grows with the position of its token.
///
/// @param cos `[N, K]` float32, each cosine twice in a row; `[B, 1, N, K]` where the examples
///   differ
/// @param sin `[N, K]` float32, each sine twice in a row; `[B, 1, N, K]` where the examples differ
public record Rotary(Tensor cos, Tensor sin) {
    static final double THETA = 10000;

    /// Returns the tables of a grid, tokens row by row: the first half of the channels turns with
    /// the column, the second with the row, pair i of M by `position / 10000^(i / M)` (Hunyuan-DiT,
    /// `posemb_layers.py`, `get_2d_rotary_pos_embed`). Computed in float64.
    ///
    /// @param width channels of a head K, divisible by 4
    /// @param rows position of each row
    /// @param columns position of each column
    /// @throws ConfigException if the width does not divide by 4
    public static Rotary grid(int width, double[] rows, double[] columns) {
        requireFour(width);
        int m = width / 4;
        return of(
                rows.length * columns.length,
                width,
                (token, pair) -> {
                    double row = rows[token / columns.length];
                    double column = columns[token % columns.length];
                    return (pair < m ? column : row) * Math.pow(THETA, -(pair % m) / (double) m);
                });
    }

    /// Returns the tables of a sequence: pair i of K/2 turns with `position / 10000^(i / (K/2))`
    /// (Lumina-T2X, `lumina_t2i/models/model.py`, `precompute_freqs_cis`).
    ///
    /// @param width channels of a head K, even
    /// @param tokens length of the sequence
    /// @param scaling of the positions
    /// @throws ConfigException if the width is odd
    public static Rotary sequence(int width, int tokens, RotaryScaling scaling) {
        ConfigException.require(
                width > 0 && width % 2 == 0,
                "rotary positions need an even head width but it is %d",
                width);
        return of(tokens, width, (token, pair) -> scaling.angle(token, pair, width / 2));
    }

    /// Returns the tables of a grid, tokens row by row, where pairs alternate: the first turns with
    /// the row, the second with the column, both by `position / 10000^(i / (K/4))` for i = 0, and
    /// so on (Lumina-T2X, `lumina_next_t2i/models/model.py`, `precompute_freqs_cis`).
    ///
    /// @param width channels of a head K, divisible by 4
    /// @throws ConfigException if the width does not divide by 4
    public static Rotary alternating(int width, int h, int w, RotaryScaling scaling) {
        requireFour(width);
        return of(
                h * w,
                width,
                (token, pair) ->
                        scaling.angle(pair % 2 == 0 ? token / w : token % w, pair / 2, width / 4));
    }

    /// Returns the tables of tokens that have a position on each of several axes, each of which
    /// turns its own channels, one axis after the other: pair i of the k channels of an axis by
    /// `position / 10000^(i / (k/2))` (Lumina-Image-2.0, `models/model.py`, `RopeEmbedder`).
    /// Computed in float64.
    ///
    /// @param widths channels of each axis, even; their sum is the head's width K
    /// @param positions of each token on each axis, `[N][axes]`
    /// @throws ConfigException if a width is odd
    public static Rotary axes(List<Integer> widths, int[][] positions) {
        return axes(widths, positions.length, (token, axis) -> positions[token][axis]);
    }

    /// The same for positions as a tensor `[N, axes]` of any type.
    public static Rotary axes(List<Integer> widths, Tensor positions) {
        Shapes.require(positions, "positions", Shapes.ANY, widths.size());
        double[] all = Tensors.doubles(positions);
        int tokens = (int) positions.size(0);
        return axes(widths, tokens, (token, axis) -> all[token * widths.size() + axis]);
    }

    /// The same with positions that need not be whole numbers.
    public static Rotary axes(List<Integer> widths, double[][] positions) {
        return axes(widths, positions.length, (token, axis) -> positions[token][axis]);
    }

    private static Rotary axes(List<Integer> widths, int tokens, Position position) {
        ConfigException.require(
                widths.stream().allMatch(k -> k > 0 && k % 2 == 0),
                "rotary positions need even widths of their axes but they are %s",
                widths);
        int width = widths.stream().mapToInt(k -> k).sum();
        return of(
                tokens,
                width,
                (token, pair) -> {
                    int axis = 0;
                    int i = pair;
                    while (i >= widths.get(axis) / 2) {
                        i -= widths.get(axis++) / 2;
                    }
                    double share = -2.0 * i / widths.get(axis);
                    return position.of(token, axis) * Math.pow(THETA, share);
                });
    }

    /// Returns the tables of a batch whose examples have tables of their own; shorter ones repeat
    /// their last position.
    ///
    /// @param examples each `[N, K]` with an N of its own
    public static Rotary batch(List<Rotary> examples) {
        long n = examples.stream().mapToLong(r -> r.cos.size(0)).max().orElseThrow();
        return new Rotary(
                Ops.stack(0, examples.stream().map(r -> extended(r.cos, n)).toList()).unsqueeze(1),
                Ops.stack(0, examples.stream().map(r -> extended(r.sin, n)).toList()).unsqueeze(1));
    }

    private static Tensor extended(Tensor table, long n) {
        long own = table.size(0);
        return own == n
                ? table
                : Ops.cat(0, table, table.narrow(0, own - 1, 1).expand(n - own, -1));
    }

    /// What turns a pair of channels of a token.
    @FunctionalInterface
    private interface Angle {
        double of(int token, int pair);
    }

    /// Where a token stands on an axis.
    @FunctionalInterface
    private interface Position {
        double of(int token, int axis);
    }

    private static Rotary of(int tokens, int width, Angle angle) {
        var cos = new float[tokens * width];
        var sin = new float[tokens * width];
        for (int token = 0; token < tokens; token++) {
            for (int pair = 0; pair < width / 2; pair++) {
                double a = angle.of(token, pair);
                int at = token * width + 2 * pair;
                cos[at] = cos[at + 1] = (float) Math.cos(a);
                sin[at] = sin[at + 1] = (float) Math.sin(a);
            }
        }
        return new Rotary(Tensors.of(cos, tokens, width), Tensors.of(sin, tokens, width));
    }

    private static void requireFour(int width) {
        ConfigException.require(
                width > 0 && width % 4 == 0,
                "rotary positions in 2-D need a head width divisible by 4 but it is %d",
                width);
    }

    /// Returns the tables of a grid of `h` rows and `w` columns whose positions are interpolated
    /// within a square of `base` positions (see [GridRegion]).
    public static Rotary centred(int width, int base, int h, int w, GridRegion.Spacing spacing) {
        GridRegion region = GridRegion.filling(base, h, w);
        return grid(width, region.rows(h, spacing), region.columns(w, spacing));
    }

    /// Returns the tables `[count + N, K]` of tokens behind `count` others that are not turned.
    public Rotary after(long count) {
        Tensor none = Ops.like(Tensors.zeros(Dtype.FLOAT32, count, cos.size(-1)), cos);
        return new Rotary(Ops.cat(0, Ops.add(none, 1), cos), Ops.cat(0, none, sin));
    }

    /// Returns the tables of `count` tokens from the token `from` on.
    public Rotary part(long from, long count) {
        return new Rotary(cos.narrow(-2, from, count), sin.narrow(-2, from, count));
    }

    /// Returns the tables on the device of `x`.
    public Rotary on(Tensor x) {
        return new Rotary(Ops.on(cos, x), Ops.on(sin, x));
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
