package org.dit4j.tensor;

import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/// The weight of a linear layer, in whatever form its product is computed from.
public interface Weight {
    /// Returns `x W^T + b` in the caller's scope.
    ///
    /// @param x `[..., in]`, of type [#dtype]
    /// @param bias `[out]` or null
    /// @return `[..., out]` of the same type
    Tensor linear(Tensor x, @Nullable Tensor bias);

    /// Returns `gelu(x W^T + b)` in the tanh approximation, otherwise as [#linear].
    default Tensor linearGeluTanh(Tensor x, @Nullable Tensor bias) {
        return TensorScope.compute(() -> Ops.geluTanh(linear(x, bias)));
    }

    /// Returns the element type of what goes in and comes out.
    Dtype dtype();

    /// Returns the numbers of the matrix `[out, in]`, in the caller's scope; borrowed if they are
    /// stored so.
    Tensor dense();

    /// Returns the weight of a plain matrix `[out, in]`, borrowed.
    static Weight of(Tensor matrix) {
        return new Dense(matrix);
    }

    /// A plain matrix.
    ///
    /// @param dense `[out, in]`
    record Dense(Tensor dense) implements Weight {
        @Override
        public Tensor linear(Tensor x, @Nullable Tensor bias) {
            return FusedLinear.plain(x, dense, bias);
        }

        @Override
        public Tensor linearGeluTanh(Tensor x, @Nullable Tensor bias) {
            return FusedLinear.geluTanh(x, dense, bias);
        }

        @Override
        public Dtype dtype() {
            return Dtype.of(dense);
        }
    }
}
