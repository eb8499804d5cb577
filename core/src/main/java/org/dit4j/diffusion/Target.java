package org.dit4j.diffusion;

/// What a network for Gaussian diffusion predicts.
public enum Target {
    /// The noise eps (Ho et al. 2020).
    EPSILON,
    /// The data x0.
    X0,
    /// `v = sqrt(alphaBar) eps - sqrt(1 - alphaBar) x0` (Salimans and Ho 2022).
    V
}
