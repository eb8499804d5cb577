package org.dit4j.tensor;

import java.util.Map;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/// A matrix in 4-bit whole numbers, with a scale and a middle for each group of [#GROUP] inputs of
/// an output: `w = scale (q - 8) + zero`, q in [0, 15].
///
/// @param values uint8 `[out, in / 2]`; the lower half of a byte is the even input
/// @param scale bfloat16 `[out, in / GROUP]`
/// @param zero bfloat16 `[out, in / GROUP]`
public record Int4Matrix(Tensor values, Tensor scale, Tensor zero) implements QuantizedMatrix {
    /// What the name of the middles adds to that of the matrix.
    public static final String ZERO = "_zero";

    /// Inputs that share a scale.
    public static final int GROUP = 64;

    /// What the number of outputs must be a multiple of, for the kernel.
    static final int OUTPUTS = 16;

    private static final int MIDDLE = 8;
    private static final int MOST = 15;

    /// Rounds the matrix `w` `[out, in]`: the smallest number of each group becomes 0, the largest
    /// 15.
    public static Int4Matrix of(Tensor w) {
        Tensor f = Ops.to(w, Dtype.FLOAT32).reshape(w.size(0), -1, GROUP); // [out, G, GROUP]
        long[] last = {2};
        Tensor low = f.amin(last, true);
        Tensor scale = short_(Ops.div(f.amax(last, true).sub(low), MOST)); // [out, G, 1]
        Tensor zero = short_(low.add(Ops.mul(Ops.to(scale, Dtype.FLOAT32), MIDDLE)));
        Tensor step = Ops.clampMin(Ops.to(scale, Dtype.FLOAT32), Float.MIN_NORMAL);
        Tensor q = Ops.add(f.sub(Ops.to(zero, Dtype.FLOAT32)).div(step).round_(), MIDDLE);
        Tensor pairs = Ops.to(Ops.clamp(q, 0, MOST), Dtype.UINT8).reshape(w.size(0), -1, 2);
        Tensor packed =
                pairs.select(2, 0).bitwise_or(pairs.select(2, 1).bitwise_left_shift(new Scalar(4)));
        return new Int4Matrix(packed, scale.squeeze(2), zero.squeeze(2));
    }

    private static Tensor short_(Tensor x) {
        return Ops.to(x, Dtype.BFLOAT16);
    }

    /// Returns the whole numbers, uint8 `[out, in]`.
    Tensor unpacked() {
        Tensor low = values.bitwise_and(new Scalar(MOST));
        Tensor high = values.bitwise_right_shift(new Scalar(4));
        return Ops.stack(2, low, high).reshape(values.size(0), -1);
    }

    @Override
    public Map<String, Tensor> parts() {
        return Map.of("", values, Int8Matrix.SCALE, scale, ZERO, zero);
    }

    @Override
    public Tensor dequantized() {
        Tensor q = Ops.to(unpacked(), Dtype.FLOAT32).reshape(values.size(0), -1, GROUP);
        Tensor s = Ops.to(scale, Dtype.FLOAT32).unsqueeze(2);
        Tensor z = Ops.to(zero, Dtype.FLOAT32).unsqueeze(2);
        return Ops.add(q, -MIDDLE).mul(s).add(z).reshape(values.size(0), -1);
    }

    @Override
    public Prepared prepare(Dtype dtype) {
        return Int4Weight.of(this);
    }
}
