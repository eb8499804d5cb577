package org.dit4j.diffusion;

/// The symmetric beta distribution on [0, 1], whose density is `(x (1 - x))^(a - 1)` up to a
/// factor.
final class BetaDistribution {
    private static final int HALVINGS = 100;
    private static final int MOST_TERMS = 500;

    private BetaDistribution() {}

    /// Returns the number below which the share `p` lies, found by bisection.
    ///
    /// @param a the shape, above 0
    /// @param p in [0, 1]
    static double quantile(double a, double p) {
        if (p <= 0 || p >= 1) {
            return p <= 0 ? 0 : 1;
        }
        if (p > 0.5) {
            return 1 - quantile(a, 1 - p);
        }
        // the density is symmetric: the total is twice the mass below one half
        double wanted = 2 * p * massBelow(a, 0.5);
        double low = 0;
        double high = 0.5;
        for (int i = 0; i < HALVINGS; i++) {
            double middle = 0.5 * (low + high);
            if (massBelow(a, middle) < wanted) {
                low = middle;
            } else {
                high = middle;
            }
        }
        return 0.5 * (low + high);
    }

    /// The integral of `(u (1 - u))^(a - 1)` from 0 to x, by the binomial series of the second
    /// factor; it converges like `x^n`, so x must be at most one half.
    private static double massBelow(double a, double x) {
        double term = 1;
        double sum = 1 / a;
        for (int n = 1; n < MOST_TERMS && term > 1e-18; n++) {
            term *= (n - a) / n * x;
            sum += term / (a + n);
        }
        return Math.pow(x, a) * sum;
    }
}
