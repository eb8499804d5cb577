package org.dit4j.tensor;

import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.T_TensorTensor_T;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/// Linear algebra of whole matrices, in their own element type.
public final class Matrices {
    /// `torch.cdist` without the expansion of the square, which loses digits.
    private static final long DIFFERENCES = 2;

    private Matrices() {}

    /// Returns the covariance of columns, divided by n - 1, as `numpy.cov(x, rowvar=False)`.
    ///
    /// @param x `[N, D]`, N at least 2
    /// @return `[D, D]`
    public static Tensor covariance(Tensor x) {
        Tensor centred = x.sub(Ops.mean(x, true, 0));
        return Ops.div(centred.t().matmul(centred), x.size(0) - 1.0);
    }

    /// Returns the eigenvalues of a symmetric matrix, ascending.
    ///
    /// @param x `[D, D]`; only the lower triangle is read
    /// @return `[D]`
    public static Tensor symmetricEigenvalues(Tensor x) {
        return torch.linalg_eigvalsh(x);
    }

    /// Returns the symmetric square root of a positive semi-definite matrix; eigenvalues below 0,
    /// which are rounding, count as 0.
    ///
    /// @param x `[D, D]`, symmetric
    public static Tensor symmetricSqrt(Tensor x) {
        T_TensorTensor_T pair = torch.linalg_eigh(x);
        Tensor vectors = pair.get1(); // [D, D], one a column
        Tensor roots = Ops.clampMin(pair.get0(), 0).sqrt(); // [D]
        return vectors.mul(roots).matmul(vectors.t());
    }

    /// Returns the Euclidean distances of rows.
    ///
    /// @param x `[N, D]`
    /// @param y `[M, D]`
    /// @return `[N, M]`
    public static Tensor distances(Tensor x, Tensor y) {
        return torch.cdist(x, y, 2, new LongOptional(DIFFERENCES));
    }

    /// Returns the `k`-th smallest element of each row, counted from 1.
    ///
    /// @param x `[N, M]`
    /// @return `[N]`
    public static Tensor smallest(Tensor x, long k) {
        return own(torch.kthvalue(x, k, 1, false).get0());
    }

    /// Returns where the largest element of each row is, the first one if there are several.
    ///
    /// @param x `[N, M]`
    /// @return int64 `[N]`
    public static Tensor largest(Tensor x) {
        return x.argmax(new LongOptional(1), false);
    }

    /// A member of a pair lives only as long as the pair; this one lives by itself.
    private static Tensor own(Tensor member) {
        return new Tensor(member);
    }
}
