package org.dit4j.eval;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Matrices;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Shapes;

/// Mean and covariance of features: what the Fréchet distance sees of a set of pictures.
///
/// @param mean float64 `[D]`
/// @param covariance float64 `[D, D]`, divided by N - 1
public record FeatureStatistics(Tensor mean, Tensor covariance) {
    /// Checks the shapes.
    public FeatureStatistics {
        Shapes.require(mean, "mean", Shapes.ANY);
        Shapes.require(covariance, "covariance", mean.size(0), mean.size(0));
    }

    /// Returns the statistics of features.
    ///
    /// @param features `[N, D]`, at least two rows
    public static FeatureStatistics of(Tensor features) {
        Shapes.require(features, "features", Shapes.ANY, Shapes.ANY);
        ConfigException.require(
                features.size(0) > 1,
                "statistics need at least 2 pictures but there are %d",
                features.size(0));
        Tensor x = Ops.to(features, Dtype.FLOAT64);
        return new FeatureStatistics(Ops.mean(x, false, 0), Matrices.covariance(x));
    }
}
