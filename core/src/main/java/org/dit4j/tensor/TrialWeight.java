package org.dit4j.tensor;

import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/// A weight that computes with its matrix as it is, or as if that were quantized, to find out what
/// the rounding costs.
///
/// The rounding is that of the kernels for the kind, activations included, but all products are in
/// the element type of the matrix: so the cost is the same on every processor.
public final class TrialWeight implements QuantizedMatrix.Prepared {
    private final QuantizedKind kind;
    private final Tensor plain;
    private @Nullable Tensor rounded;

    /// A weight that starts as the matrix is.
    ///
    /// @param plain float32 `[out, in]` of a shape that the kind fits, borrowed
    public TrialWeight(QuantizedKind kind, Tensor plain) {
        this.kind = kind;
        this.plain = plain;
    }

    /// Computes as if quantized from now on, or as the matrix is. Not while others compute with it.
    public void quantize(boolean on) {
        close();
        if (on) {
            try (var _ = TensorScope.open()) {
                rounded = TensorScope.keep(kind.quantize(plain).dequantized());
            }
        }
    }

    @Override
    public Tensor linear(Tensor x, @Nullable Tensor bias) {
        return TensorScope.compute(
                () -> Ops.linear(passed(x, x.numel() / x.size(-1)), dense(), bias));
    }

    @Override
    public Tensor linearGeluTanh(Tensor x, @Nullable Tensor bias) {
        long scales = Int8Weight.scalesBeforeGelu(x);
        return TensorScope.compute(() -> FusedLinear.geluTanh(passed(x, scales), dense(), bias));
    }

    /// Returns what the kernel makes of its input.
    ///
    /// @param scales how many equal parts of `x` are rounded with a scale of their own
    private Tensor passed(Tensor x, long scales) {
        if (rounded == null || kind != QuantizedKind.INT8) {
            return x;
        }
        Tensor rows = x.reshape(scales, -1);
        Tensor s = Ops.div(Int8Matrix.bound(rows), Int8Matrix.MOST); // [scales, 1]
        return rows.div(s).round_().mul_(s).view(Shapes.of(x));
    }

    @Override
    public Dtype dtype() {
        return Dtype.of(plain);
    }

    @Override
    public Tensor dense() {
        return rounded == null ? plain : rounded;
    }

    @Override
    public void close() {
        if (rounded != null) {
            rounded.close();
            rounded = null;
        }
    }
}
