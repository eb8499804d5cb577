package org.dit4j.diffusion;

import java.util.Arrays;
import java.util.function.IntToDoubleFunction;
import org.dit4j.ConfigException;

/// Noise levels of the Gaussian diffusion that the network was trained with (diffusers,
/// `scheduling_dpmsolver_multistep.py`, `set_timesteps`). They are measured as `sigma / alpha`,
/// rounded to float32 as there.
///
/// @param training the schedule of training
/// @param curve how the levels are spread
/// @param timesteps which steps are visited where the curve is [Curve#TIMESTEPS]
/// @param roundTimes whether the times of [Curve#KARRAS] and [Curve#UNIFORM_LAMBDA] are rounded;
///   else they are cut to whole numbers. diffusers rounds but for the cosine schedule.
/// @param endsAtData whether the last level has no noise; else it is the first one of training
/// @param leastLambda timesteps with a lower `log(alpha / sigma)` are not visited
public record TrainedLevels(
        NoiseSchedule training,
        Curve curve,
        Timesteps timesteps,
        boolean roundTimes,
        boolean endsAtData,
        double leastLambda)
        implements LevelSpacing {
    /// The exponent of Karras et al. 2022, equation 5.
    private static final double RHO = 7;

    /// How the levels are spread between the most and the least noise of training.
    public enum Curve {
        /// Wherever the visited timesteps have them.
        TIMESTEPS,
        /// In equal steps of the seventh root (Karras et al. 2022, equation 5).
        KARRAS,
        /// In equal steps of the logarithm, to the exact ends.
        EXPONENTIAL,
        /// In equal steps of `log(alpha / sigma)` (Lu et al. 2022a); as `EXPONENTIAL`, but the
        /// times are rounded.
        UNIFORM_LAMBDA
    }

    /// Returns levels with the defaults of diffusers.
    public static TrainedLevels of(GaussianDiffusion training, Curve curve, boolean endsAtData) {
        return new TrainedLevels(
                training.schedule(),
                curve,
                new Timesteps(Timesteps.Spacing.LINSPACE, 0),
                true,
                endsAtData,
                Double.NEGATIVE_INFINITY);
    }

    @Override
    public NoiseLevels levels(int steps) {
        Timesteps.requireSteps(training.steps(), steps);
        double[] trained = trainedLevels();
        Table times = timesteps(steps, trained);
        var ratios = new double[steps + 1];
        for (int i = 0; i < steps; i++) {
            ratios[i] =
                    curve == Curve.TIMESTEPS
                            ? trained[(int) times.at(i)]
                            : (float) level(i, steps, trained);
        }
        // a curve that ends at the least noise may be a rounding error below it
        ratios[steps] = endsAtData ? 0 : Math.min(trained[0], ratios[steps - 1]);
        Table alpha = Table.of(ratios).map(r -> 1 / Math.sqrt(r * r + 1));
        return new NoiseLevels(times, alpha, Table.of(steps + 1, i -> ratios[i] * alpha.at(i)));
    }

    private Table timesteps(int steps, double[] trained) {
        IntToDoubleFunction exact = i -> timeOf(level(i, steps, trained), trained);
        return switch (curve) {
            case TIMESTEPS -> timesteps.open(training.steps(), usable(trained), steps);
            case EXPONENTIAL -> Table.of(steps, exact).map(Math::floor);
            case KARRAS, UNIFORM_LAMBDA ->
                    Table.of(steps, exact).map(t -> roundTimes ? Math.rint(t) : Math.floor(t));
        };
    }

    private int usable(double[] trained) {
        int below = (int) Arrays.stream(trained).filter(r -> -Math.log(r) < leastLambda).count();
        ConfigException.require(
                below < trained.length, "no timestep has a lambda of at least %s", leastLambda);
        return trained.length - below;
    }

    private double level(int i, int steps, double[] trained) {
        double most = trained[trained.length - 1];
        double ramp = steps == 1 ? 0 : (double) i / (steps - 1);
        return switch (curve) {
            case TIMESTEPS -> throw new IllegalStateException("read from the table");
            case KARRAS -> {
                double from = Math.pow(most, 1 / RHO);
                double to = Math.pow(trained[0], 1 / RHO);
                yield Math.pow(from + ramp * (to - from), RHO);
            }
            case EXPONENTIAL ->
                    Math.exp(Math.log(most) + ramp * (Math.log(trained[0]) - Math.log(most)));
            case UNIFORM_LAMBDA -> Math.exp(log(most) + ramp * (log(trained[0]) - log(most)));
        };
    }

    /// Finds the time of a level between the timesteps of training, by its logarithm.
    private static double timeOf(double level, double[] trained) {
        double log = Math.log(Math.max(level, 1e-10));
        int low = 0;
        // without data at the end, the levels before it may be above the last: the last one counts
        for (int t = 0; t < trained.length; t++) {
            low = log(trained[t]) <= log ? t : low;
        }
        low = Math.min(low, trained.length - 2);
        double under = log(trained[low]);
        double over = log(trained[low + 1]);
        double share = Math.clamp((under - log) / (float) (under - over), 0, 1);
        return (1 - share) * low + share * (low + 1);
    }

    /// `sigma / alpha` of each timestep of training. Where nothing of the data is left, diffusers
    /// puts the smallest half-precision number instead.
    private double[] trainedLevels() {
        double[] levels = training.alphaBar().values();
        for (int t = 0; t < levels.length; t++) {
            float bar = levels[t] == 0 ? 0x1p-24f : (float) levels[t];
            levels[t] = (float) Math.sqrt((1 - bar) / bar);
        }
        return levels;
    }

    private static double log(double x) {
        return (float) Math.log(x);
    }
}
