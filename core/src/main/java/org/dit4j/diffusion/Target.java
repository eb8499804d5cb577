package org.dit4j.diffusion;

import com.fasterxml.jackson.annotation.JsonProperty;

/// What a network for Gaussian diffusion predicts.
public enum Target {
    /// The noise eps (Ho et al. 2020).
    @JsonProperty("epsilon")
    EPSILON,
    /// The data x0.
    @JsonProperty("x0")
    X0,
    /// `v = sqrt(alphaBar) eps - sqrt(1 - alphaBar) x0` (Salimans and Ho 2022).
    @JsonProperty("v")
    V
}
