package org.dit4j.diffusion;

import java.util.OptionalDouble;

/// A flow on the straight path between data and noise whose network says `noise - data` and takes
/// sigma in timesteps of training: Stable Diffusion 3, Flux and those after them.
///
/// @param trained the timestep of pure noise
/// @param shift how far the noise levels of sampling are moved towards the noise
public record StraightFlow(int trained, FlowShift shift) {
    /// Returns a method for samples of a size; itself if the shift does not depend on it.
    ///
    /// @param tokens how many tokens the network makes of a sample
    public SamplerFactory sized(SamplerFactory method, long tokens) {
        OptionalDouble mu = shift.mu(tokens);
        return mu.isPresent() ? method.withMu(mu.getAsDouble()) : method;
    }
}
