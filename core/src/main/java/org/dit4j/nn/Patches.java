package org.dit4j.nn;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Spatial;

/// Cuts latents into tokens and puts them back.
public final class Patches {
    private Patches() {}

    /// Returns `[B, C, H, W]` with H and W brought to multiples of `p`: the edge is repeated at the
    /// right and below. The same tensor if they are.
    public static Tensor fillUp(Tensor x, long p) {
        long rows = Math.floorMod(-x.size(2), p);
        long columns = Math.floorMod(-x.size(3), p);
        return rows == 0 && columns == 0 ? x : Spatial.padEnd(x, columns, rows);
    }

    /// Cuts `[B, C, H, W]` into `[B, (H/P)(W/P), C P P]`, each token ordered channel, row, column:
    /// what a convolution of stride P sees.
    public static Tensor patchify(Tensor x, long p) {
        long b = x.size(0);
        long c = x.size(1);
        long h = x.size(2) / p;
        long w = x.size(3) / p;
        return x.reshape(b, c, h, p, w, p).permute(0, 2, 4, 1, 3, 5).reshape(b, h * w, c * p * p);
    }

    /// Cuts `[B, C, H, W]` into `[B, (H/P)(W/P), P P C]`, each token ordered row, column, channel:
    /// what [#unpatchify] puts back.
    public static Tensor patchifyChannelsLast(Tensor x, long p) {
        long b = x.size(0);
        long c = x.size(1);
        long h = x.size(2) / p;
        long w = x.size(3) / p;
        return x.reshape(b, c, h, p, w, p).permute(0, 2, 4, 3, 5, 1).reshape(b, h * w, p * p * c);
    }

    /// Puts tokens `[B, h w, P P C]`, each ordered row, column, channel, back into `[B, C, h P, w
    /// P]` (DiT, `models.py`, `unpatchify`).
    public static Tensor unpatchify(Tensor x, long p, long h, long w) {
        long b = x.size(0);
        long c = x.size(2) / (p * p);
        return x.reshape(b, h, w, p, p, c).permute(0, 5, 1, 3, 2, 4).reshape(b, c, h * p, w * p);
    }
}
