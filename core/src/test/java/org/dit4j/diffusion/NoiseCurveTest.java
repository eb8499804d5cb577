package org.dit4j.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class NoiseCurveTest {
    /// The numbers are those of `scipy.stats.beta.ppf(p, 0.6, 0.6)`.
    @Test
    void theQuantilesOfTheBetaDistributionAre() {
        double[][] known = {
            {0.01, 0.0008612388215429059},
            {0.2, 0.12292175045833292},
            {0.5, 0.5000000000000001},
            {0.75, 0.824319621347305},
            {0.999, 0.9999814412614826}
        };
        for (double[] pair : known) {
            assertThat(BetaDistribution.quantile(0.6, pair[0])).isCloseTo(pair[1], within(1e-13));
        }
        assertThat(BetaDistribution.quantile(0.6, 0)).isZero();
        assertThat(BetaDistribution.quantile(0.6, 1)).isEqualTo(1);
    }

    @Test
    void everyCurveHasItsEnds() {
        for (NoiseCurve curve : NoiseCurve.values()) {
            double[] levels = curve.spread(new double[] {9, 5, 1}, 9, 1);
            assertThat(levels[0]).as(curve.name()).isCloseTo(9, within(1e-12));
            assertThat(levels[2]).as(curve.name()).isCloseTo(1, within(1e-12));
        }
        assertThat(NoiseCurve.EXPONENTIAL.spread(new double[3], 9, 1)[1])
                .isCloseTo(3, within(1e-12));
        double root = (Math.pow(9, 1 / 7.0) + 1) / 2;
        assertThat(NoiseCurve.KARRAS.spread(new double[3], 9, 1)[1])
                .isCloseTo(Math.pow(root, 7), within(1e-12));
        assertThat(NoiseCurve.BETA.spread(new double[3], 9, 1)[1]).isCloseTo(5, within(1e-12));
    }
}
