package org.dit4j.diffusion;

import com.fasterxml.jackson.annotation.JsonProperty;

/// What a network for flow matching predicts (SiT, `transport/transport.py`, `ModelType`).
public enum FlowTarget {
    /// The velocity `d x_t / dt`.
    @JsonProperty("velocity")
    VELOCITY,
    /// The noise eps.
    @JsonProperty("noise")
    NOISE,
    /// The score, the gradient of `log p_t(x)`: `-eps / sigma`.
    @JsonProperty("score")
    SCORE
}
