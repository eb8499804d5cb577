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

    /// Rows from which on a sample is worth a product of its own.
    private static final long ROWS = 128;

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
            Tensor rows = copy(x.reshape(-1, x.size(-1))); // [M, in]
            // rounded first, so that rounding and scaling back agree on it
            Tensor s = Ops.to(Ops.div(Int8Matrix.bound(rows), Int8Matrix.MOST), dtype); // [M, 1]
            Tensor q = quantize(rows, Ops.to(s, Dtype.FLOAT32));
            Tensor y = product(q, 1, offset, "none", ""); // [M, out]
            return (bias == null ? y.mul_(s) : bias.addcmul(y, s)).view(outputs(x));
        });
    }

    /// The activation is computed in the product, which one scale for all rows of a sample allows;
    /// a sample alone gets the same numbers as in a batch.
    @Override
    public Tensor linearGeluTanh(Tensor x, @Nullable Tensor bias) {
        if (!alone(x)) {
            return QuantizedMatrix.Prepared.super.linearGeluTanh(x, bias);
        }
        return TensorScope.compute(() -> {
            Tensor samples = x.reshape(-1, x.size(-2), x.size(-1)); // [B, M, in]
            var results = new Tensor[(int) samples.size(0)];
            for (int b = 0; b < results.length; b++) {
                results[b] = geluTanh(samples.select(0, b), bias);
            }
            return Ops.cat(0, results).view(outputs(x));
        });
    }

    /// Returns whether the samples of `x` are worth a product each.
    private static boolean alone(Tensor x) {
        return x.dim() >= 3 && x.size(-2) >= ROWS;
    }

    /// Returns how many scales `x` `[..., M, in]` is rounded with before a product with GELU: one
    /// for each sample, or for each row.
    static long scalesBeforeGelu(Tensor x) {
        long rows = x.numel() / x.size(-1);
        return alone(x) ? rows / x.size(-2) : rows;
    }

    private Tensor geluTanh(Tensor x, @Nullable Tensor bias) {
        return TensorScope.compute(() -> {
            Tensor rows = copy(x); // [M, in]
            Tensor s = Ops.div(Int8Matrix.bound(rows.view(1, -1)), Int8Matrix.MOST); // [1, 1]
            Tensor shift = offset.mul(s.view(1)); // [out]
            Tensor added = bias == null ? shift : shift.add_(bias);
            return product(quantize(rows, s), Ops.item(s), added, "gelu", "tanh"); // [M, out]
        });
    }

    /// Returns a float32 copy that may be written to.
    private static Tensor copy(Tensor x) {
        return Dtype.of(x) == Dtype.FLOAT32 ? x.clone() : Ops.to(x, Dtype.FLOAT32);
    }

    /// Returns `q + 128`, uint8 `[M, in]`, and overwrites `rows`.
    private static Tensor quantize(Tensor rows, Tensor s) {
        Tensor q = Ops.to(rows.div_(s).round_(), Dtype.INT8);
        // to signed bytes and then the upper bit flipped: much faster than to unsigned ones
        q.bitwise_xor_(new Scalar((byte) -SHIFT));
        return q.view(Dtype.UINT8.scalarType());
    }

    private long[] outputs(Tensor x) {
        long[] shape = Shapes.of(x);
        shape[shape.length - 1] = scale.size(0);
        return shape;
    }

    /// Returns `activation(s scale (q + 128) Q^T + added)`.
    private Tensor product(Tensor q, double s, Tensor added, String activation, String form) {
        return Dispatch.tensor(
                "onednn::qlinear_pointwise",
                q,
                s,
                0L, // zero point of q
                packed,
                scale,
                zero,
                added,
                1.0, // scale of the result
                0L, // zero point of the result
                (long) dtype.scalarType().value,
                activation,
                List.of(),
                form);
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
