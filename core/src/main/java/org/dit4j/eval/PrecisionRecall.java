package org.dit4j.eval;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.TensorScope;

/// Precision and recall of generated pictures (Kynkaanniemi et al. 2019, arXiv:1904.06991).
///
/// @param precision share of generated pictures that lie among the real ones
/// @param recall share of real pictures that lie among the generated ones
public record PrecisionRecall(double precision, double recall) {
    /// Compares features.
    ///
    /// @param real `[N, D]`
    /// @param generated `[M, D]`
    /// @param k neighbour that gives the radii, 3 in the paper
    public static PrecisionRecall of(Tensor real, Tensor generated, int k) {
        try (var _ = TensorScope.open()) {
            return new PrecisionRecall(
                    Manifold.of(real, k).share(generated), Manifold.of(generated, k).share(real));
        }
    }
}
