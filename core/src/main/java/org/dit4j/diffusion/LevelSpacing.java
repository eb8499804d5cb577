package org.dit4j.diffusion;

/// How a solver chooses its noise levels for a number of steps.
@FunctionalInterface
public interface LevelSpacing {
    /// Returns the levels of `steps` model calls.
    ///
    /// @throws org.dit4j.ConfigException if there cannot be that many
    NoiseLevels levels(int steps);
}
