package org.dit4j.diffusion;

import java.util.function.IntToDoubleFunction;
import org.dit4j.ConfigException;

/// Which of the steps of training a sampler visits (Lin et al. 2024, table 2; diffusers,
/// `set_timesteps` of each scheduler).
///
/// @param spacing how they are spread
/// @param offset what is added to each where the spacing is leading
public record Timesteps(Spacing spacing, int offset) {
    /// How the visited steps are spread.
    public enum Spacing {
        /// From the last to the first, both included.
        LINSPACE,
        /// Multiples of a whole number, from 0 on; the last step of training is left out.
        LEADING,
        /// From the last down in equal strides; the first step of training is left out.
        TRAILING
    }

    /// Checks the offset.
    public Timesteps {
        ConfigException.require(offset >= 0, "steps_offset must be at least 0, not %d", offset);
    }

    /// Returns the `steps` timesteps of a method that ends at the data itself, such as DDPM and
    /// DDIM, the noisiest first.
    ///
    /// @param trained the number of steps of training
    /// @throws ConfigException if `steps` is not in `1 .. trained`
    public Table of(int trained, int steps) {
        requireSteps(trained, steps);
        int last = steps - 1;
        return table(
                trained,
                steps,
                switch (spacing) {
                    case LINSPACE -> {
                        double[] times = Betas.linspace(0, trained - 1, steps);
                        yield i -> Math.rint(times[last - i]);
                    }
                    case LEADING -> i -> (last - i) * Math.floorDiv(trained, steps) + offset;
                    case TRAILING -> i -> trailing(trained, trained, steps, i);
                });
    }

    /// Returns the `steps` timesteps of a method whose network takes times between the steps of
    /// training: as [#of], but equal distances from the last to the first are not rounded.
    ///
    /// @param trained the number of steps of training
    /// @throws ConfigException if `steps` is not in `1 .. trained`
    public Table exact(int trained, int steps) {
        if (spacing != Spacing.LINSPACE) {
            return of(trained, steps);
        }
        requireSteps(trained, steps);
        double[] times = Betas.linspace(0, trained - 1, steps);
        return Table.of(steps, i -> (float) times[steps - 1 - i]);
    }

    /// Returns the `steps` timesteps of a multistep solver, which leaves out the end point: the
    /// last noise level stands beside them.
    ///
    /// @param trained the number of steps of training
    /// @param usable how many of them, from the first on, may be visited
    /// @throws ConfigException if `steps` is not in `1 .. trained`
    public Table open(int trained, int usable, int steps) {
        requireSteps(trained, steps);
        return table(
                trained,
                steps,
                switch (spacing) {
                    case LINSPACE -> {
                        double[] times = Betas.linspace(0, usable - 1, steps + 1);
                        yield i -> Math.rint(times[steps - i]);
                    }
                    case LEADING -> i -> (steps - i) * Math.floorDiv(usable, steps + 1) + offset;
                    case TRAILING -> i -> trailing(usable, trained, steps, i);
                });
    }

    /// Checks a number of steps that a user asks for.
    static void requireSteps(int trained, int steps) {
        ConfigException.require(
                steps >= 1 && steps <= trained,
                "the number of sampling steps must be in 1..%d, the number of training steps, but is %d",
                trained,
                steps);
    }

    private static double trailing(int from, int trained, int steps, int i) {
        // the stride as numpy.arange has it, since halves decide which way it rounds
        double stride = from - (double) trained / steps - from;
        return Math.max(0, Math.rint(from + i * stride) - 1);
    }

    private Table table(int trained, int steps, IntToDoubleFunction time) {
        var table = Table.of(steps, time);
        ConfigException.require(
                table.at(0) < trained,
                "%d steps with an offset of %d begin at timestep %.0f, but the last one is %d",
                steps,
                offset,
                table.at(0),
                trained - 1);
        return table;
    }
}
