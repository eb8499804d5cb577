package org.dit4j.diffusion;

import java.util.Arrays;
import java.util.OptionalDouble;
import org.dit4j.ConfigException;

/// Noise levels of a straight path from data to noise, `alpha = 1 - sigma` (diffusers,
/// `set_timesteps` of the flow-matching schedulers and of the solvers with `use_flow_sigmas`).
///
/// @param trained the number that stands for time 1 in the network's timesteps
/// @param grid the levels before they are shifted
/// @param shift how far the levels are moved towards the noise
/// @param terminal the noise that all levels are stretched to end at, before the end itself; 0 for
///   not at all
/// @param curve how the shifted levels are spread anew
/// @param inverted whether the run goes from the data to the noise
/// @param end the level after the last call; empty for the last once more
public record FlowLevels(
        int trained,
        Grid grid,
        FlowShift shift,
        double terminal,
        NoiseCurve curve,
        boolean inverted,
        OptionalDouble end)
        implements LevelSpacing {

    /// Solvers keep this distance from pure noise, where `log(alpha / sigma)` is infinite.
    private static final double CLEARANCE = 1e-6;

    /// The levels before they are shifted.
    public enum Grid {
        /// From the noisiest timestep of training to the first, both shifted as in training and
        /// then with the rest once more, as the flow-matching schedulers have it.
        TRAINED,
        /// From 1 in equal steps to one over their number, as pipelines of Flux and others ask for.
        UNIFORM,
        /// From just below 1 in equal steps to 0, which is left out (`DPMSolver...`, `DEIS...`).
        BELOW_NOISE,
        /// From 1 in equal steps to the first timestep of training, which is left out (`UniPC...`).
        FROM_NOISE;

        private boolean wholeTimes() {
            return switch (this) {
                case TRAINED, UNIFORM -> false;
                case BELOW_NOISE, FROM_NOISE -> true;
            };
        }
    }

    /// Checks the numbers.
    public FlowLevels {
        ConfigException.require(trained >= 1, "num_train_timesteps must be at least 1");
        ConfigException.require(
                terminal >= 0 && terminal < 1,
                "shift_terminal must be in [0, 1), not %s",
                terminal);
    }

    /// Returns levels that end at the data.
    public static FlowLevels of(int trained, Grid grid, FlowShift shift) {
        return new FlowLevels(
                trained, grid, shift, 0, NoiseCurve.GIVEN, false, OptionalDouble.of(0));
    }

    /// Returns the levels for samples of another size; itself if the shift is fixed.
    public FlowLevels withMu(double mu) {
        return switch (shift) {
            case FlowShift.Fixed same -> this;
            case FlowShift.BySize bySize -> with(grid, bySize.withMu(mu));
        };
    }

    /// Returns the same levels from another grid.
    public FlowLevels on(Grid other) {
        return with(other, shift);
    }

    /// Returns the same levels, spread anew.
    public FlowLevels spread(NoiseCurve other) {
        return new FlowLevels(trained, grid, shift, terminal, other, inverted, end);
    }

    /// Returns the same levels for methods that cannot end at 0: the last one twice.
    public FlowLevels endingWithNoise() {
        return new FlowLevels(
                trained, grid, shift, terminal, curve, inverted, OptionalDouble.empty());
    }

    @Override
    public NoiseLevels levels(int steps) {
        Timesteps.requireSteps(trained, steps);
        double[] shifted = stretched(Table.of(plain(steps)).map(shift::apply).values());
        double[] exact = curve.spread(shifted, shifted[0], shifted[steps - 1]);
        if (grid == Grid.FROM_NOISE && Math.abs(exact[0] - 1) < CLEARANCE) {
            exact[0] -= CLEARANCE;
        }
        Table level = Table.of(exact).map(s -> inverted ? 1 - (float) s : (float) s);
        Table times =
                grid.wholeTimes()
                        ? Table.of(exact).map(s -> Math.floor(s * trained))
                        : level.map(s -> (float) (s * trained));
        double[] sigma = Arrays.copyOf(level.values(), steps + 1);
        sigma[steps] = (float) end.orElse(sigma[steps - 1]);
        return NoiseLevels.straight(times, Table.of(sigma));
    }

    /// Returns the level of every timestep of training, the noisiest first.
    public Table trainedLevels() {
        return Table.of(trained, i -> (float) trainedLevel(trained - i));
    }

    private double[] plain(int n) {
        return switch (grid) {
            case TRAINED ->
                    Betas.linspace((float) trainedLevel(trained), (float) trainedLevel(1), n);
            case UNIFORM -> Betas.linspace(1, 1.0 / n, n);
            case BELOW_NOISE -> {
                double[] data = Betas.linspace(1, 1.0 / trained, n + 1);
                yield Table.of(n, i -> 1 - data[n - i]).values();
            }
            case FROM_NOISE -> Arrays.copyOf(Betas.linspace(1, 1.0 / trained, n + 1), n);
        };
    }

    private double trainedLevel(int time) {
        double sigma = (double) time / trained;
        return shift instanceof FlowShift.Fixed fixed ? fixed.apply(sigma) : sigma;
    }

    private double[] stretched(double[] sigma) {
        if (terminal == 0) {
            return sigma;
        }
        double least = sigma[sigma.length - 1];
        ConfigException.require(least < 1, "shift_terminal needs at least 2 steps");
        double scale = (1 - least) / (1 - terminal);
        return Table.of(sigma).map(s -> 1 - (1 - s) / scale).values();
    }

    private FlowLevels with(Grid newGrid, FlowShift newShift) {
        return new FlowLevels(trained, newGrid, newShift, terminal, curve, inverted, end);
    }
}
