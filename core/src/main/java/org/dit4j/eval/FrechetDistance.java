package org.dit4j.eval;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Matrices;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.ShapeException;
import org.dit4j.tensor.TensorScope;

/// The Fréchet distance between two normal distributions (Heusel et al. 2017, arXiv:1706.08500,
/// equation 6), in float64. It is "the FID" only with the features of `InceptionV3`.
public final class FrechetDistance {
    private FrechetDistance() {}

    /// Returns the distance of two sets of features, `[N, D]` and `[M, D]`.
    public static double between(Tensor x, Tensor y) {
        try (var _ = TensorScope.open()) {
            return between(FeatureStatistics.of(x), FeatureStatistics.of(y));
        }
    }

    /// Returns `|m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2))`.
    ///
    /// The product of the covariances has the eigenvalues of the symmetric `C1^(1/2) C2 C1^(1/2)`,
    /// so the trace of its root is the sum of their roots. Unlike the Schur method of pytorch-fid
    /// this stays real and finite for singular covariances, without its offset of 1e-6.
    public static double between(FeatureStatistics a, FeatureStatistics b) {
        if (a.mean().size(0) != b.mean().size(0)) {
            throw new ShapeException(
                    "features must have the same width but have %d and %d"
                            .formatted(a.mean().size(0), b.mean().size(0)));
        }
        try (var _ = TensorScope.open()) {
            Tensor ca = Ops.to(a.covariance(), Dtype.FLOAT64);
            Tensor cb = Ops.to(b.covariance(), Dtype.FLOAT64);
            Tensor root = Matrices.symmetricSqrt(ca);
            Tensor product = root.matmul(cb).matmul(root);
            Tensor symmetric = Ops.mul(product.add(product.t()), 0.5);
            Tensor roots = Ops.clampMin(Matrices.symmetricEigenvalues(symmetric), 0).sqrt();
            double means = Ops.item(a.mean().sub(b.mean()).square().sum());
            return means + Ops.item(ca.trace()) + Ops.item(cb.trace()) - 2 * Ops.item(roots.sum());
        }
    }
}
