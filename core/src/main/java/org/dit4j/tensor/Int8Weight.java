package org.dit4j.tensor;

import java.util.List;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/// Products in 8-bit whole numbers: the rows of `x` are rounded to multiples of a scale of their
/// own while they pass, so that `x = s q`; then `x W^T = s scale (q Q^T)` with whole numbers alone
/// in the product (oneDNN, on the processor's VNNI instructions).
///
/// These instructions multiply unsigned by signed numbers, so the product is of `q + 128`, and
/// `128` times the sum of each row of the weight is taken off before the result is rounded.
///
/// @param packed the whole numbers in oneDNN's order of blocks
/// @param scale float32 `[out]`
/// @param zero int64 `[out]`, all 0
/// @param offset float32 `[out]`: -128 times the sum of each row of the weight
/// @param matrix what it was made of, borrowed
record Int8Weight(
        Tensor packed, Tensor scale, Tensor zero, Tensor offset, Dtype dtype, Int8Matrix matrix)
        implements QuantizedMatrix.Prepared {
    private static final long SHIFT = 128;

    static Int8Weight of(Int8Matrix m, Dtype dtype) {
        try (var _ = TensorScope.open()) {
            Tensor scale = m.scale().flatten(0, -1).contiguous();
            Tensor sums = Ops.sum(m.dequantized(), false, 1);
            return new Int8Weight(
                    TensorScope.keep(Dispatch.tensor("onednn::qlinear_prepack", m.values(), null)),
                    TensorScope.keep(scale.clone()),
                    TensorScope.keep(Tensors.zeros(Dtype.INT64, scale.size(0))),
                    TensorScope.keep(Ops.mul(sums, -SHIFT)),
                    dtype,
                    m);
        }
    }

    @Override
    public Tensor linear(Tensor x, @Nullable Tensor bias) {
        return TensorScope.compute(() -> {
            Tensor rows = Ops.to(x.reshape(-1, x.size(-1)), Dtype.FLOAT32); // [M, in]
            // rounded first, so that rounding and scaling back agree on it
            Tensor s = Ops.to(Ops.div(Int8Matrix.bound(rows), Int8Matrix.MOST), dtype); // [M, 1]
            Tensor y = product(quantize(rows, s)); // [M, out]
            Tensor scaled = bias == null ? y.mul_(s) : bias.addcmul(y, s);
            long[] shape = Shapes.of(x);
            shape[shape.length - 1] = scale.size(0);
            return scaled.view(shape);
        });
    }

    /// Returns `q + 128`, uint8 `[M, in]`.
    private static Tensor quantize(Tensor rows, Tensor s) {
        Tensor q = rows.div(Ops.to(s, Dtype.FLOAT32)).round_();
        // to signed bytes and then the upper bit flipped: much faster than to unsigned ones
        return Ops.to(q, Dtype.INT8)
                .bitwise_xor_(new Scalar((byte) -SHIFT))
                .view(Dtype.UINT8.scalarType());
    }

    private Tensor product(Tensor q) {
        return Dispatch.tensor(
                "onednn::qlinear_pointwise",
                q,
                1.0, // scale of q
                0L, // zero point of q
                packed,
                scale,
                zero,
                offset,
                1.0, // scale of the result
                0L, // zero point of the result
                (long) dtype.scalarType().value,
                "none", // what follows
                List.of(),
                "");
    }

    @Override
    public Tensor dense() {
        return Ops.to(matrix.dequantized(), dtype);
    }

    @Override
    public void close() {
        packed.close();
        scale.close();
        zero.close();
        offset.close();
    }
}
