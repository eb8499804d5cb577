package org.dit4j.diffusion;

import org.dit4j.ConfigException;

/// Noise that is added before a step, which then removes more (Karras et al. 2022, algorithm 2).
///
/// @param amount spread over all steps
/// @param least no noise is added at lower levels
/// @param most no noise is added at higher levels
/// @param scale the standard deviation of the noise is this many times what is removed
public record Churn(double amount, double least, double most, double scale) {
    /// No noise.
    public static final Churn NONE = new Churn(0, 0, Double.POSITIVE_INFINITY, 1);

    /// Checks the amount.
    public Churn {
        ConfigException.require(amount >= 0, "s_churn must be at least 0, not %s", amount);
    }

    /// Returns the level after the noise.
    ///
    /// @param steps the number of steps of the run
    double raised(double level, int steps) {
        boolean within = least <= level && level <= most;
        return within ? level * (1 + Math.min(amount / steps, Math.sqrt(2) - 1)) : level;
    }
}
