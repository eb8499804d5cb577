package org.dit4j.autoencoder;

import java.util.ArrayList;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.TensorScope;

/// Maps a long sound window by window. What a window reaches beyond its share on either side is
/// seen and dropped again (diffusers `autoencoder_oobleck.py`, `_tiled_encode` and
/// `_tiled_decode`).
///
/// @param size longest window of the input
/// @param stride share of a window
record AudioWindows(int size, int stride) {
    /// Maps `x` `[B, C, N]`; `body` gets windows `[B, C, <= size]`.
    Tensor map(Tensor x, UnaryOperator<Tensor> body) {
        long n = x.size(2);
        int overlap = (size - stride) / 2;
        var parts = new ArrayList<Tensor>();
        double scale = 0; // outputs of an input, as the first window has it
        for (long from = 0; from < n; from += stride) {
            long to = Math.min(from + stride, n);
            long start = Math.max(0, from - overlap);
            long end = Math.min(n, to + overlap);
            Tensor in = x.narrow(2, start, end - start);
            Tensor y = TensorScope.compute(() -> body.apply(in));
            scale = parts.isEmpty() ? y.size(2) / (double) (end - start) : scale;
            // halves go to the even number
            long left = (long) Math.rint((from - start) * scale);
            long right = (long) Math.rint((end - to) * scale);
            parts.add(y.narrow(2, left, y.size(2) - right - left));
        }
        return Ops.cat(2, parts.toArray(Tensor[]::new));
    }
}
