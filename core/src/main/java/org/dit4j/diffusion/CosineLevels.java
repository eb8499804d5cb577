package org.dit4j.diffusion;

import java.util.OptionalDouble;

/// Noise levels beside data of its full size, `alpha = 1`, for networks whose time is `2
/// atan(sigma) / pi`: the angle of the cosine schedule, from 0, the data, to 1, the noise (Evans et
/// al. 2024, arXiv:2407.14358, section 3.2; diffusers, `scheduling_cosine_dpmsolver_multistep.py`).
///
/// @param least sigma of the last call, above 0
/// @param most sigma of the first call
/// @param rho of the curve of Karras et al. 2022, equation 5; empty for equal ratios
/// @param end where the run ends
public record CosineLevels(double least, double most, OptionalDouble rho, End end)
        implements LevelSpacing {
    /// Where a run ends.
    public enum End {
        /// At the data.
        DATA,
        /// At the level of the last call.
        LEAST
    }

    @Override
    public NoiseLevels levels(int steps) {
        Table calls = rho.isPresent() ? karras(steps, rho.getAsDouble()) : ratios(steps);
        double last = end == End.DATA ? 0 : calls.at(steps - 1);
        Table sigma = Table.of(steps + 1, i -> i < steps ? calls.at(i) : last);
        Table times = calls.map(CosineLevels::time);
        return new NoiseLevels(times, Table.of(steps + 1, _ -> 1), sigma);
    }

    /// Returns the time of the network at a level, rounded to float32.
    static double time(double sigma) {
        return (float) (Math.atan(sigma) / Math.PI * 2);
    }

    /// A single call is at the least level, as in the reference.
    private Table ratios(int steps) {
        double[] logs = Betas.linspace(Math.log(least), Math.log(most), steps);
        return Table.of(steps, i -> (float) Math.exp((float) logs[steps - 1 - i]));
    }

    private Table karras(int steps, double power) {
        double first = Math.pow(most, 1 / power);
        double last = Math.pow(least, 1 / power);
        double[] ramp = Betas.linspace(0, 1, steps);
        return Table.of(
                steps, i -> (float) Math.pow((float) (first + ramp[i] * (last - first)), power));
    }
}
