package org.dit4j.diffusion;

import java.util.function.DoubleUnaryOperator;

/// How noise levels are spread between the most and the least noise (diffusers, `_convert_to_...`
/// of each scheduler).
public enum NoiseCurve {
    /// Wherever the timesteps of the run have them.
    GIVEN,
    /// In equal steps of the seventh root (Karras et al. 2022, equation 5).
    KARRAS,
    /// In equal steps of the logarithm; also the uniform lambdas of Lu et al. 2022a.
    EXPONENTIAL,
    /// By the quantiles of a beta distribution of shape 0.6, dense at both ends (Lee et al. 2024,
    /// section 4).
    BETA;

    private static final double RHO = 7;
    private static final double SHAPE = 0.6;

    /// Returns as many levels as `given` has, from `most` to `least`; for [#GIVEN] the given ones.
    double[] spread(double[] given, double most, double least) {
        int n = given.length;
        return switch (this) {
            case GIVEN -> given.clone();
            case KARRAS ->
                    between(most, least, n, x -> Math.pow(x, 1 / RHO), x -> Math.pow(x, RHO));
            case EXPONENTIAL -> between(most, least, n, Math::log, Math::exp);
            case BETA ->
                    Table.of(
                                    n,
                                    i ->
                                            n == 1
                                                    ? 1
                                                    : BetaDistribution.quantile(
                                                            SHAPE, 1 - i / (n - 1.0)))
                            .map(share -> least + share * (most - least))
                            .values();
        };
    }

    private static double[] between(
            double most, double least, int n, DoubleUnaryOperator there, DoubleUnaryOperator back) {
        double from = there.applyAsDouble(most);
        double to = there.applyAsDouble(least);
        return Table.of(Betas.linspace(from, to, n)).map(back).values();
    }
}
