package org.dit4j.diffusion;

/// A sampling method with all its options but the number of steps.
@FunctionalInterface
public interface SamplerFactory {
    /// Returns the sampler that takes `steps` steps.
    ///
    /// @throws org.dit4j.ConfigException if the method cannot take that many
    Sampler steps(int steps);
}
