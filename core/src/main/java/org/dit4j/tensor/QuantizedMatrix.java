package org.dit4j.tensor;

import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/// A matrix `[out, in]` of small whole numbers and the scales that they are multiples of.
public sealed interface QuantizedMatrix permits Int8Matrix, Int4Matrix {
    /// Returns its tensors by what their names in a file add to the name of the matrix; the whole
    /// numbers under the empty text.
    Map<String, Tensor> parts();

    /// Returns one of its tensors; see [#parts].
    default Tensor part(String name) {
        Tensor x = parts().get(name);
        if (x == null) {
            throw new ShapeException("a quantized matrix has no part \"" + name + "\"");
        }
        return x;
    }

    /// Returns the numbers that it stands for, float32 `[out, in]`, in the caller's scope.
    Tensor dequantized();

    /// Returns a weight that computes with it and lives outside all scopes, until it is closed. It
    /// borrows this matrix.
    ///
    /// @param dtype of what goes in and comes out; see [QuantizedKind#computes]
    Prepared prepare(Dtype dtype);

    /// A weight that owns memory.
    interface Prepared extends Weight, AutoCloseable {
        @Override
        void close();
    }
}
