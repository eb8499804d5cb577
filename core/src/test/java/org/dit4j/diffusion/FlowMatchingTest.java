package org.dit4j.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class FlowMatchingTest {
    private TensorScope scope;
    private Rng rng;

    @BeforeEach
    void open() {
        scope = TensorScope.open();
        rng = Rng.seeded(11);
    }

    @AfterEach
    void close() {
        scope.close();
        rng.close();
    }

    @Test
    void slopesAreTheDerivativesOfTheCoefficients() {
        Tensor t = Ops.to(Tensors.linspace(0.05, 0.95, 7), Dtype.FLOAT64);
        double h = 1e-6;
        Tensor later = Ops.add(t, h);
        Tensor earlier = Ops.add(t, -h);
        for (Interpolant path : Interpolant.values()) {
            Tensor alpha = Ops.div(path.alpha(later).sub(path.alpha(earlier)), 2 * h);
            Tensor sigma = Ops.div(path.sigma(later).sub(path.sigma(earlier)), 2 * h);
            assertThat(Ops.maxAbsDifference(path.alphaSlope(t), alpha)).isLessThan(1e-7);
            assertThat(Ops.maxAbsDifference(path.sigmaSlope(t), sigma)).isLessThan(1e-7);
            Tensor log = alpha.div(path.alpha(t));
            assertThat(Ops.maxAbsDifference(path.logAlphaSlope(t), log)).isLessThan(1e-6);
        }
    }

    @Test
    void aVelocityLeadsBackToTheDataAndTheNoise() {
        Tensor x1 = Ops.to(rng.normal(4, 2, 3, 3), Dtype.FLOAT64);
        Tensor noise = Ops.to(rng.normal(4, 2, 3, 3), Dtype.FLOAT64);
        Tensor t = times();
        for (Interpolant path : Interpolant.values()) {
            Tensor x = path.at(x1, noise, t);
            Tensor v = path.velocity(x1, noise, t);
            assertThat(Ops.maxAbsDifference(path.dataOfVelocity(v, x, t), x1)).isLessThan(1e-9);
            assertThat(Ops.maxAbsDifference(path.noiseOfVelocity(v, x, t), noise)).isLessThan(1e-9);
        }
    }

    @Test
    void everyTargetStandsForTheSameVelocityAndScore() {
        Tensor x1 = Ops.to(rng.normal(4, 2, 3, 3), Dtype.FLOAT64);
        Tensor noise = Ops.to(rng.normal(4, 2, 3, 3), Dtype.FLOAT64);
        Tensor t = times();
        for (Interpolant path : Interpolant.values()) {
            Tensor x = path.at(x1, noise, t);
            Tensor v = path.velocity(x1, noise, t);
            Tensor score = noise.div(path.sigma(Interpolant.wide(t, x))).neg();
            for (FlowTarget target : FlowTarget.values()) {
                var flow = FlowMatching.of(path, target);
                Tensor answer =
                        switch (target) {
                            case VELOCITY -> v;
                            case NOISE -> noise;
                            case SCORE -> score;
                        };
                assertThat(Ops.maxAbsDifference(flow.velocity(answer, x, t), v)).isLessThan(1e-8);
                assertThat(Ops.maxAbsDifference(flow.score(answer, x, t), score)).isLessThan(1e-8);
                LossTerms terms = FlowLoss.of(flow).of((a, b) -> answer, x1, t, noise);
                assertThat(Ops.item(terms.loss().max()))
                        .as("%s %s", path, target)
                        .isLessThan(1e-20);
            }
        }
    }

    @Test
    void theVelocityWeightMakesANoiseLossOfItsVelocityLoss() {
        Tensor x1 = Ops.to(rng.normal(4, 2, 3, 3), Dtype.FLOAT64);
        Tensor noise = Ops.to(rng.normal(4, 2, 3, 3), Dtype.FLOAT64);
        Tensor guess = Ops.to(rng.normal(4, 2, 3, 3), Dtype.FLOAT64);
        Tensor t = times();
        for (Interpolant path : Interpolant.values()) {
            var flow = FlowMatching.of(path, FlowTarget.NOISE);
            var loss = new FlowLoss(flow, FlowLoss.Weight.VELOCITY);
            Tensor x = path.at(x1, noise, t);
            Tensor error = flow.velocity(guess, x, t).sub(path.velocity(x1, noise, t));
            Tensor expected = Ops.meanFlat(error.square());
            Tensor actual = loss.of((a, b) -> guess, x1, t, noise).loss();
            assertThat(Ops.maxAbsDifference(actual.div(expected), Ops.fill_(t.clone(), 1)))
                    .isLessThan(1e-7);
        }
    }

    @Test
    void densitiesHaveTheirQuantiles() {
        long n = 20_000;
        assertThat(shareBelow(new TimeDensity.Uniform(), 0.3, n)).isCloseTo(0.3, within(0.012));
        // P(sigmoid(m + s z) < t) = Phi((logit(t) - m) / s); at t = sigmoid(m) one half
        double middle = 1 / (1 + Math.exp(-0.5));
        assertThat(shareBelow(new TimeDensity.LogitNormal(0.5, 0.6), middle, n))
                .isCloseTo(0.5, within(0.012));
        // the density 2 / (pi - 2 pi t + 2 pi t^2) has the distribution 1/2 + 2/pi atan(2 t - 1)
        double cosmap = 0.5 + 2 / Math.PI * Math.atan(2 * 0.2 - 1);
        assertThat(shareBelow(new TimeDensity.Cosmap(), 0.2, n)).isCloseTo(cosmap, within(0.012));
        assertThat(shareBelow(new TimeDensity.Mode(1.29), 0.25, n)).isLessThan(0.2);
        assertThat(shareBelow(new TimeDensity.Mode(-0.8), 0.25, n)).isGreaterThan(0.28);
    }

    @Test
    void timesKeepFromTheEndsWhereTheTargetIsInfinite() {
        Tensor ends = Tensors.of(new float[] {0, 1}, 2);
        assertThat(Tensors.floats(FlowMatching.sit().trainTimes(ends))).containsExactly(0, 1);
        var noise = FlowMatching.of(Interpolant.GVP, FlowTarget.NOISE);
        assertThat(Tensors.floats(noise.trainTimes(ends))).containsExactly(0.001f, 0.999f);
        var vp = FlowMatching.of(Interpolant.VP, FlowTarget.VELOCITY);
        assertThat(Tensors.floats(vp.trainTimes(ends))).containsExactly(0, 0.99999f);
    }

    @Test
    void whatCannotBeIsSaid() {
        assertThatThrownBy(() -> TimeDensity.named("lognormal"))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("logit_normal");
        assertThatThrownBy(() -> new TimeDensity.Mode(2)).hasMessageContaining("not 2.0");
        assertThatThrownBy(() -> new TimeDensity.LogitNormal(0, 0)).hasMessageContaining("std");
        assertThatThrownBy(() -> new FlowMatching(Interpolant.VP, FlowTarget.NOISE, 0.6, 0))
                .hasMessage("train_eps must be in [0, 0.5), not 0.6");
        Tensor x = rng.normal(2, 3, 4, 4);
        assertThatThrownBy(() -> Interpolant.VP.at(x, x, rng.uniform(3)))
                .hasMessage("t must have shape [2] but has [3]");
    }

    private double shareBelow(TimeDensity density, double time, long n) {
        Tensor t = density.draw(n, rng);
        assertThat(Ops.item(t.min())).isBetween(0.0, 1.0);
        assertThat(Ops.item(t.max())).isBetween(0.0, 1.0);
        return Ops.item(Ops.to(Ops.lessThan(t, time), Dtype.FLOAT64).mean());
    }

    private static Tensor times() {
        return Tensors.of(new double[] {0.05, 0.3, 0.6, 0.95}, 4);
    }
}
