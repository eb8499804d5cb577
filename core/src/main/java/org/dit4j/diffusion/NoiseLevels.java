package org.dit4j.diffusion;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.tensor.Ops;

/// The noise levels that a solver steps through: at level i the sample is `alpha x0 + sigma eps`.
/// One more level than there are model calls: the last is where the run ends. Immutable.
///
/// @param timesteps what the network is given at each call
/// @param alpha the share of the data at each level
/// @param sigma the share of the noise at each level
public record NoiseLevels(Table timesteps, Table alpha, Table sigma) {
    /// Checks the sizes, and that the noise falls at every step, or rises at every step where the
    /// run goes from data to noise; only the last may stand still.
    ///
    /// @throws ConfigException naming the first step that makes no progress
    public NoiseLevels {
        int n = timesteps.size();
        ConfigException.require(
                alpha.size() == n + 1 && sigma.size() == n + 1,
                "%d timesteps need %d noise levels, not %d",
                n,
                n + 1,
                sigma.size());
        boolean inverse = angle(alpha, sigma, n) > angle(alpha, sigma, 0);
        for (int i = 0; i < n; i++) {
            double change = angle(alpha, sigma, i + 1) - angle(alpha, sigma, i);
            ConfigException.require(
                    change == 0 ? i == n - 1 : change > 0 == inverse,
                    "%d steps are too many for this spacing of timesteps: step %d is not less noisy"
                            + " than the one before",
                    n,
                    i + 1);
        }
    }

    /// Returns the levels of those shares of the noise on a straight path, `alpha = 1 - sigma`.
    ///
    /// @param sigma in [0, 1]
    static NoiseLevels straight(Table timesteps, Table sigma) {
        return new NoiseLevels(timesteps, sigma.map(s -> 1 - s), sigma);
    }

    /// Returns the levels of those ratios of noise to data where `alpha^2 + sigma^2 = 1`.
    ///
    /// @param ratio `sigma / alpha`, at least 0
    static NoiseLevels circular(Table timesteps, Table ratio) {
        Table alpha = ratio.map(r -> 1 / Math.sqrt(r * r + 1));
        return new NoiseLevels(
                timesteps, alpha, Table.of(ratio.size(), i -> ratio.at(i) * alpha.at(i)));
    }

    /// Returns the sample at a level, `alpha data + sigma noise`.
    ///
    /// @param data `[B, C, ...]`
    /// @param noise `[B, C, ...]` standard normal
    public Tensor noised(Tensor data, Tensor noise, int level) {
        return Ops.addScaled(Ops.mul(data, alpha.at(level)), noise, sigma.at(level));
    }

    /// Returns `log(alpha / sigma)`, half the logarithm of the signal-to-noise ratio; infinite
    /// where sigma is 0.
    double lambda(int level) {
        return Math.log(alpha.at(level)) - Math.log(sigma.at(level));
    }

    private static double angle(Table alpha, Table sigma, int level) {
        return Math.atan2(sigma.at(level), alpha.at(level));
    }
}
