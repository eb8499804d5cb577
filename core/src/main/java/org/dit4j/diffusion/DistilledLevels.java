package org.dit4j.diffusion;

import org.dit4j.ConfigException;

/// The noise levels of a network that was distilled from a solver of so many steps: some of those
/// steps (Luo et al. 2023; diffusers, `scheduling_lcm.py` and `scheduling_tcd.py`,
/// `set_timesteps`). The run ends at the data.
///
/// @param training the schedule of training
/// @param solverSteps how many steps the solver took, at most as many as training has
public record DistilledLevels(NoiseSchedule training, int solverSteps) implements LevelSpacing {
    /// Checks the number of steps.
    public DistilledLevels {
        ConfigException.require(
                solverSteps >= 1 && solverSteps <= training.steps(),
                "original_inference_steps must be in 1..%d, not %d",
                training.steps(),
                solverSteps);
    }

    @Override
    public NoiseLevels levels(int steps) {
        ConfigException.require(
                steps >= 1 && steps <= solverSteps,
                "the number of sampling steps must be in 1..%d, which is original_inference_steps,"
                        + " but is %d",
                solverSteps,
                steps);
        int stride = training.steps() / solverSteps;
        double skip = (double) solverSteps / steps;
        Table times = Table.of(steps, i -> (solverSteps - (int) (i * skip)) * stride - 1);
        Table bars =
                Table.of(
                        steps + 1, i -> i == steps ? 1 : training.alphaBar().at((int) times.at(i)));
        return new NoiseLevels(times, bars.map(Math::sqrt), bars.map(bar -> Math.sqrt(1 - bar)));
    }
}
