package org.dit4j.diffusion;

import org.dit4j.ConfigException;

/// The noise levels that a solver steps through: at level i the sample is `alpha x0 + sigma eps`.
/// One more level than there are model calls: the last is where the run ends. Immutable.
///
/// @param timesteps what the network is given at each call
/// @param alpha the share of the data at each level
/// @param sigma the share of the noise at each level, falling
public record NoiseLevels(Table timesteps, Table alpha, Table sigma) {
    /// Checks the sizes, and that the noise falls at every step; only the last may stand still.
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
        for (int i = 0; i < n; i++) {
            double now = sigma.at(i) / alpha.at(i);
            double next = sigma.at(i + 1) / alpha.at(i + 1);
            ConfigException.require(
                    next < now || (next == now && i == n - 1),
                    "%d steps are too many for this spacing of timesteps: step %d is not less noisy"
                            + " than the one before",
                    n,
                    i + 1);
        }
    }

    /// Returns `log(alpha / sigma)`, half the logarithm of the signal-to-noise ratio; infinite
    /// where sigma is 0.
    double lambda(int level) {
        return Math.log(alpha.at(level)) - Math.log(sigma.at(level));
    }
}
