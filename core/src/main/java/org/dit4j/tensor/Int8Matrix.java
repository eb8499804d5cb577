package org.dit4j.tensor;

import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/// A matrix in 8-bit whole numbers, symmetric, with one scale for each output: `w = scale q`, q in
/// [-127, 127].
///
/// @param values int8 `[out, in]`
/// @param scale float32 `[out, 1]`
public record Int8Matrix(Tensor values, Tensor scale) implements QuantizedMatrix {
    /// What the name of the scales adds to that of the matrix.
    public static final String SCALE = "_scale";

    /// The largest whole number.
    static final double MOST = 127;

    /// Rounds the matrix `w` `[out, in]` to the nearest multiples; the largest magnitude of each
    /// row becomes 127.
    public static Int8Matrix of(Tensor w) {
        Tensor f = Ops.to(w, Dtype.FLOAT32);
        Tensor scale = Ops.div(bound(f), MOST); // [out, 1]
        return new Int8Matrix(Ops.to(f.div(scale).round_(), Dtype.INT8), scale);
    }

    /// Returns the largest magnitude of each row of float32 `[N, D]`, never 0: `[N, 1]`.
    static Tensor bound(Tensor x) {
        long[] last = {1};
        return Ops.clampMin(
                x.amax(last, true).maximum(x.amin(last, true).neg_()), Float.MIN_NORMAL * MOST);
    }

    @Override
    public Map<String, Tensor> parts() {
        return Map.of("", values, SCALE, scale);
    }

    @Override
    public Tensor dequantized() {
        return Ops.to(values, Dtype.FLOAT32).mul(scale);
    }

    @Override
    public Prepared prepare(Dtype dtype) {
        return Int8Weight.of(this, dtype);
    }
}
