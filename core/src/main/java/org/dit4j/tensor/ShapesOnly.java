package org.dit4j.tensor;

import java.util.Arrays;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/// Operators on [Device#META] that libtorch has there only in its Python part: they give a tensor
/// of the right shape.
///
/// Their operands must all be there, as they must all be on one GPU: so a network that runs on META
/// makes no tensor on another device than that of its parameters.
final class ShapesOnly {
    private ShapesOnly() {}

    /// Returns whether the operands have shapes only.
    ///
    /// @throws ShapeException if some have and others have not
    static boolean are(String operator, @Nullable Tensor... operands) {
        boolean first = operands[0] != null && operands[0].is_meta();
        for (Tensor x : operands) {
            if (x != null && x.is_meta() != first) {
                throw new ShapeException(
                        "%s takes tensors of one device but they are on %s"
                                .formatted(operator, devices(operands)));
            }
        }
        return first;
    }

    private static String devices(@Nullable Tensor... operands) {
        var names =
                Arrays.stream(operands)
                        .map(x -> x == null ? "none" : Device.of(x).toString())
                        .toList();
        return String.join(", ", names);
    }

    /// A result like `x`.
    static Tensor alike(Tensor x) {
        return Tensors.meta(Dtype.of(x), Shapes.of(x));
    }

    /// The rows of a table.
    static Tensor rows(Tensor table, Tensor index) {
        long[] shape = Arrays.copyOf(Shapes.of(index), (int) index.dim() + 1);
        shape[shape.length - 1] = table.size(1);
        return Tensors.meta(Dtype.of(table), shape);
    }

    /// A convolution of `[B, C, ...]` with `[out, C / groups, ...]`.
    static Tensor convolution(
            Tensor x, Tensor weight, long[] stride, long[] padding, long[] dilation) {
        long[] shape = Shapes.of(x);
        shape[1] = weight.size(0);
        for (int i = 2; i < shape.length; i++) {
            long reach = dilation[i - 2] * (weight.size(i) - 1) + 1;
            shape[i] = (shape[i] + 2 * padding[i - 2] - reach) / stride[i - 2] + 1;
        }
        return Tensors.meta(Dtype.of(x), shape);
    }
}
