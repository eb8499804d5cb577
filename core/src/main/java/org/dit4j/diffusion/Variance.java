package org.dit4j.diffusion;

/// Where the variance of a reverse step comes from (DiT, `gaussian_diffusion.py`, `ModelVarType`).
public enum Variance {
    /// The network's second half of channels is the log variance itself.
    LEARNED,
    /// The network's second half of channels interpolates, in the log domain, from the posterior
    /// variance at -1 to beta at 1 (Nichol and Dhariwal 2021, equation 15).
    LEARNED_RANGE,
    /// The posterior variance, the smallest that is right for some data.
    FIXED_SMALL,
    /// Beta, the largest that is right for some data.
    FIXED_LARGE;

    /// Returns whether the network has twice as many channels out as in.
    public boolean learned() {
        return switch (this) {
            case LEARNED, LEARNED_RANGE -> true;
            case FIXED_SMALL, FIXED_LARGE -> false;
        };
    }
}
