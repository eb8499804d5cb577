package org.dit4j.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.ShapeException;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;
import org.junit.jupiter.api.Test;

/// Against formulas worked by hand; the reference cases compare with pytorch-fid, torchmetrics and
/// guided-diffusion.
class DistancesTest {
    /// For diagonal covariances the distance is `|m1 - m2|^2 + sum (s1 - s2)^2`.
    @Test
    void frechetDistanceOfIndependentFeatures() {
        try (var _ = TensorScope.open()) {
            var a = diagonal(new double[] {1, 2}, new double[] {4, 9});
            var b = diagonal(new double[] {1, 5}, new double[] {1, 0});
            assertThat(FrechetDistance.between(a, b)).isCloseTo(9 + 1 + 9, within(1e-12));
            assertThat(FrechetDistance.between(a, a)).isCloseTo(0, within(1e-12));
        }
    }

    /// Features that are the same up to a shift have the same covariance, however singular.
    @Test
    void frechetDistanceOfFewerPicturesThanFeatures() {
        try (var _ = TensorScope.open();
                var rng = Rng.seeded(3)) {
            Tensor x = Ops.to(rng.normal(5, 12), Dtype.FLOAT64);
            assertThat(FrechetDistance.between(x, Ops.add(x, 2))).isCloseTo(12 * 4, within(1e-6));
        }
    }

    /// Two pictures each with one feature: kernel values `(x y + 1)^3`.
    @Test
    void kernelDistanceOfTwoPictures() {
        try (var _ = TensorScope.open()) {
            Tensor x = Tensors.of(new float[] {0, 1}, 2, 1);
            Tensor y = Tensors.of(new float[] {1, 2}, 2, 1);
            double expected = 1 + 27 - 2 * (1 + 1 + 8 + 27) / 4.0;
            assertThat(KernelDistance.between(x, y)).isCloseTo(expected, within(1e-12));
        }
    }

    @Test
    void kernelDistanceOverSubsetsIsRepeatable() {
        try (var _ = TensorScope.open();
                var rng = Rng.seeded(3);
                var one = Rng.seeded(1);
                var same = Rng.seeded(1)) {
            Tensor x = rng.normal(50, 4);
            Tensor y = rng.normal(40, 4);
            var estimate = KernelDistance.overSubsets(x, y, 30, 5, one);
            assertThat(estimate).isEqualTo(KernelDistance.overSubsets(x, y, 30, 5, same));
            assertThat(estimate.mean()).isBetween(-1.0, 1.0);
            assertThatThrownBy(() -> KernelDistance.overSubsets(x, y, 41, 5, one))
                    .isInstanceOf(ConfigException.class)
                    .hasMessage("a subset must have 2 to 40 pictures but has 41");
        }
    }

    /// Points on a line: the balls of 0, 1, 10 reach to 1, 1 and 9; those of 0.5, 30 to 29.5.
    @Test
    void precisionAndRecallOnALine() {
        try (var _ = TensorScope.open()) {
            Tensor real = Tensors.of(new float[] {0, 1, 10}, 3, 1);
            Tensor generated = Tensors.of(new float[] {0.5f, 30}, 2, 1);
            var both = PrecisionRecall.of(real, generated, 1);
            assertThat(both.precision()).isEqualTo(0.5);
            assertThat(both.recall()).isEqualTo(1);
            assertThat(Manifold.of(real, 1).radii().dim()).isEqualTo(1);
            assertThatThrownBy(() -> PrecisionRecall.of(real, generated, 2))
                    .isInstanceOf(ConfigException.class)
                    .hasMessage("neighbour must be 1 to 1 for 2 pictures but is 2");
        }
    }

    /// Certain and evenly spread over c classes the score is c; always the same answer gives 1.
    @Test
    void inceptionScoreOfCertainAnswers() {
        try (var _ = TensorScope.open()) {
            Tensor spread = Tensors.of(new float[] {30, 0, 0, 0, 30, 0, 0, 0, 30}, 3, 3);
            assertThat(InceptionScore.of(spread, 100)).isCloseTo(3, within(1e-6));
            assertThat(InceptionScore.of(spread, 1)).isCloseTo(1, within(1e-6));
        }
    }

    @Test
    void widthsMustAgree() {
        try (var _ = TensorScope.open();
                var rng = Rng.seeded(3)) {
            assertThatThrownBy(() -> FrechetDistance.between(rng.normal(5, 3), rng.normal(5, 4)))
                    .isInstanceOf(ShapeException.class)
                    .hasMessage("features must have the same width but have 3 and 4");
        }
    }

    private static FeatureStatistics diagonal(double[] mean, double[] variances) {
        Tensor c = Tensors.of(variances, variances.length).diag();
        return new FeatureStatistics(Tensors.of(mean, mean.length), c);
    }
}
