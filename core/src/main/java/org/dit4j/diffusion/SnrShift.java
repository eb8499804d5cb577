package org.dit4j.diffusion;

import org.dit4j.ConfigException;

/// The noise schedule of CogVideoX: another one with its signal-to-noise ratio divided by a
/// constant (diffusers, `scheduling_ddim_cogvideox.py`, where the scaled linear schedule alone is
/// computed in float64).
final class SnrShift {
    private SnrShift() {}

    /// @param rounded the schedule in float32
    /// @param name of the schedule; empty for given betas
    /// @param start the first beta
    /// @param end the last beta
    /// @param factor what the signal-to-noise ratio is divided by
    /// @param zeroTerminal whether nothing of the data is to be left at the end
    static NoiseSchedule of(
            NoiseSchedule rounded,
            String name,
            double start,
            double end,
            double factor,
            boolean zeroTerminal) {
        ConfigException.require(factor > 0, "snr_shift_scale must be above 0, not %s", factor);
        NoiseSchedule plain =
                name.equals("scaled_linear")
                        ? NoiseSchedule.of(Betas.between(name, start, end, rounded.steps()))
                        : rounded;
        Table bars = plain.alphaBar().map(bar -> bar / (factor + (1 - factor) * bar));
        return NoiseSchedule.ofAlphaBar((zeroTerminal ? zeroTerminal(bars) : bars).values());
    }

    /// As in [RoundedBetas], but of alphaBar and in float64.
    private static Table zeroTerminal(Table bars) {
        Table root = bars.map(Math::sqrt);
        double first = root.at(0);
        double last = root.at(root.size() - 1);
        return root.map(r -> Math.pow((r - last) * (first / (first - last)), 2));
    }
}
