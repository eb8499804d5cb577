package org.dit4j.model;

import java.util.Arrays;
import org.bytedeco.pytorch.Tensor;

/// The order of the tokens of a video whose blocks attend within a frame or over time.
final class VideoTokens {
    private VideoTokens() {}

    /// Returns `[B n, ...]`: each example of `[B, ...]` n times in a row.
    static Tensor each(Tensor x, long n) {
        var shape = new long[(int) x.dim() + 1];
        Arrays.fill(shape, -1);
        shape[1] = n;
        return x.unsqueeze(1).expand(shape).flatten(0, 1);
    }

    /// Turns `[B n, M, D]` into `[B M, n, D]`: the sequences of the frames into those of the
    /// places, or back.
    static Tensor turn(Tensor x, long n) {
        return x.reshape(x.size(0) / n, n, x.size(1), x.size(2)).transpose(1, 2).flatten(0, 1);
    }
}
