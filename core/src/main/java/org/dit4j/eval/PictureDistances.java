package org.dit4j.eval;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.TensorScope;

/// How far generated pictures are from real ones in the features of one network.
///
/// @param frechetDistance see [FrechetDistance]
/// @param kernelDistance see [KernelDistance], the mean over subsets
/// @param kernelDistanceStd its spread over subsets
/// @param precision see [PrecisionRecall]
/// @param recall see [PrecisionRecall]
public record PictureDistances(
        double frechetDistance,
        double kernelDistance,
        double kernelDistanceStd,
        double precision,
        double recall) {
    private static final int SUBSETS = 100;
    private static final int SUBSET = 1000;
    private static final int NEIGHBOUR = 3;

    /// Compares features: kernel distance over 100 subsets of 1000 pictures (half of the smaller
    /// set if it has fewer than 2000); precision and recall with the third neighbour among equally
    /// many pictures of both, drawn at random from the larger set, since they depend on the number.
    ///
    /// @param real `[N, D]`
    /// @param generated `[M, D]`
    /// @param seed of the draws
    /// @throws org.dit4j.ConfigException if there are fewer than four pictures of either
    public static PictureDistances between(Tensor real, Tensor generated, long seed) {
        long n = Math.min(real.size(0), generated.size(0));
        try (var _ = TensorScope.open();
                var rng = Rng.seeded(seed)) {
            var kernel =
                    KernelDistance.overSubsets(
                            real, generated, (int) Math.min(SUBSET, n / 2), SUBSETS, rng);
            var manifolds =
                    PrecisionRecall.of(draw(real, n, rng), draw(generated, n, rng), NEIGHBOUR);
            return new PictureDistances(
                    FrechetDistance.between(real, generated),
                    kernel.mean(),
                    kernel.std(),
                    manifolds.precision(),
                    manifolds.recall());
        }
    }

    private static Tensor draw(Tensor x, long n, Rng rng) {
        return x.index_select(0, rng.permutation(x.size(0)).narrow(0, 0, n));
    }
}
