package org.dit4j.diffusion;

import org.dit4j.ConfigException;

/// Noise levels of a straight path from data to noise, `alpha = 1 - sigma` (diffusers,
/// `scheduling_dpmsolver_multistep.py`, `use_flow_sigmas`). The run ends at the data.
///
/// @param trained the number that stands for time 1 in the network's timesteps
/// @param shift how far the levels are moved towards the noise (Esser et al. 2024, equation 23); 1
///   for not at all
public record FlowLevels(int trained, double shift) implements LevelSpacing {
    /// Checks the numbers.
    public FlowLevels {
        ConfigException.require(trained >= 1, "num_train_timesteps must be at least 1");
        ConfigException.require(shift > 0, "flow_shift must be above 0, not %s", shift);
    }

    @Override
    public NoiseLevels levels(int steps) {
        Timesteps.requireSteps(trained, steps);
        double[] data = Betas.linspace(1, 1.0 / trained, steps + 1);
        Table exact = Table.of(steps + 1, i -> shifted(1 - data[steps - i]));
        Table sigma = exact.map(s -> (float) s);
        Table times = Table.of(steps, i -> Math.floor(exact.at(i) * trained));
        return new NoiseLevels(times, sigma.map(s -> 1 - s), sigma);
    }

    private double shifted(double sigma) {
        return shift * sigma / (1 + (shift - 1) * sigma);
    }
}
