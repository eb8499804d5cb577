package org.dit4j.eval;

import java.util.ArrayList;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Matrices;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.TensorScope;

/// Where pictures lie in feature space: the union of balls around each picture that reach to its
/// k-th neighbour (Kynkaanniemi et al. 2019, arXiv:1904.06991, section 2).
///
/// Squared distances are computed in float64 and rounded to float32.
///
/// @param features float64 `[N, D]`
/// @param radii float32 `[N]`, squared
public record Manifold(Tensor features, Tensor radii) {
    private static final int ROWS = 512;

    /// Returns the manifold of pictures.
    ///
    /// @param features `[N, D]`
    /// @param k which neighbour; the picture itself is number 0; 3 in the paper
    public static Manifold of(Tensor features, int k) {
        ConfigException.require(
                k > 0 && k < features.size(0),
                "neighbour must be 1 to %d for %d pictures but is %d",
                features.size(0) - 1,
                features.size(0),
                k);
        Tensor x = Ops.to(features, Dtype.FLOAT64);
        return new Manifold(x, blockwise(x, rows -> Matrices.smallest(squared(rows, x), k + 1L)));
    }

    /// Returns the share of pictures that lie inside.
    ///
    /// @param others `[M, D]`
    public double share(Tensor others) {
        try (var _ = TensorScope.open()) {
            Tensor inside =
                    blockwise(
                            Ops.to(others, Dtype.FLOAT64),
                            rows -> squared(rows, features).le(radii).any(1));
            return Ops.item(Ops.to(inside, Dtype.FLOAT64).mean());
        }
    }

    private static Tensor squared(Tensor x, Tensor y) {
        return Ops.to(Matrices.distances(x, y).square(), Dtype.FLOAT32);
    }

    /// Maps some rows at a time, so that distances never take much memory.
    private static Tensor blockwise(Tensor x, UnaryOperator<Tensor> body) {
        var parts = new ArrayList<Tensor>();
        for (long from = 0; from < x.size(0); from += ROWS) {
            Tensor rows = x.narrow(0, from, Math.min(ROWS, x.size(0) - from));
            parts.add(TensorScope.compute(() -> body.apply(rows)));
        }
        return Ops.cat(0, parts.toArray(Tensor[]::new));
    }
}
