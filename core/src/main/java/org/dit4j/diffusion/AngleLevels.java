package org.dit4j.diffusion;

/// Noise levels on a circle, `alpha = cos t` and `sigma = sin t`, where t is the timestep
/// (TrigFlow: Lu and Song 2025; diffusers, `scheduling_scm.py`).
///
/// @param most t at the start, about half of pi
/// @param middle t after the first of 2 steps; other numbers of steps have equal distances
public record AngleLevels(double most, double middle) implements LevelSpacing {
    /// The defaults of diffusers.
    public static final AngleLevels DEFAULT = new AngleLevels(1.5708, 1.3);

    @Override
    public NoiseLevels levels(int steps) {
        double[] t = Betas.linspace(most, 0, steps + 1);
        if (steps == 2) {
            t[1] = middle;
        }
        Table angles = Table.of(t).map(x -> (float) x);
        Table times = Table.of(steps, angles::at);
        return new NoiseLevels(times, angles.map(Math::cos), angles.map(Math::sin));
    }
}
