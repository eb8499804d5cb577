package org.dit4j.tensor;

import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/// Products of bfloat16 with a matrix in 4 bits, which is widened piece by piece in the kernel: a
/// quarter of the memory of bfloat16, and not its speed where there are many rows.
///
/// @param packed the whole numbers in the kernel's order
/// @param scaleAndZero bfloat16 `[in / GROUP, out, 2]`
/// @param matrix what it was made of, borrowed
record Int4Weight(Tensor packed, Tensor scaleAndZero, Int4Matrix matrix)
        implements QuantizedMatrix.Prepared {
    private static final long TILES = 1; // not used on the CPU

    static Int4Weight of(Int4Matrix m) {
        try (var _ = TensorScope.open()) {
            Tensor numbers = Ops.to(m.unpacked(), Dtype.INT32);
            Tensor both = Ops.stack(2, m.scale(), m.zero()).transpose(0, 1).contiguous();
            return new Int4Weight(
                    TensorScope.keep(
                            Dispatch.tensor(
                                    "aten::_convert_weight_to_int4pack_for_cpu", numbers, TILES)),
                    TensorScope.keep(both),
                    m);
        }
    }

    @Override
    public Tensor linear(Tensor x, @Nullable Tensor bias) {
        return TensorScope.compute(() -> {
            Tensor rows = x.reshape(-1, x.size(-1)).contiguous();
            Tensor y =
                    Dispatch.tensor(
                            "aten::_weight_int4pack_mm_for_cpu",
                            rows,
                            packed,
                            (long) Int4Matrix.GROUP,
                            scaleAndZero); // [M, out]
            long[] shape = Shapes.of(x);
            shape[shape.length - 1] = y.size(1);
            return (bias == null ? y : y.add_(bias)).view(shape);
        });
    }

    @Override
    public Dtype dtype() {
        return Dtype.BFLOAT16;
    }

    @Override
    public Tensor dense() {
        return Ops.to(matrix.dequantized(), Dtype.BFLOAT16);
    }

    @Override
    public void close() {
        packed.close();
        scaleAndZero.close();
    }
}
