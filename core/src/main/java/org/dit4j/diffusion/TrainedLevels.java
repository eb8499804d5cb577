package org.dit4j.diffusion;

import java.util.Arrays;
import java.util.OptionalDouble;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;

/// Noise levels of the Gaussian diffusion that the network was trained with (diffusers,
/// `set_timesteps` of the schedulers with sigmas). They are measured as `sigma / alpha`, rounded to
/// float32 as there.
///
/// @param training the schedule of training
/// @param curve how the levels are spread
/// @param timesteps which steps are visited where the curve is [NoiseCurve#GIVEN]
/// @param range where these and the curve begin and end
/// @param times what the network is told about a level of another curve
/// @param end the last level
public record TrainedLevels(
        NoiseSchedule training,
        NoiseCurve curve,
        Timesteps timesteps,
        Range range,
        Times times,
        End end)
        implements LevelSpacing {

    /// What the network is told about a level between the timesteps of training.
    public enum Times {
        /// Its place between them.
        EXACT,
        /// The timestep before.
        DOWN,
        /// The nearest timestep.
        NEAREST,
        /// A quarter of the logarithm of the level, whatever the curve (Karras et al. 2022, table
        /// 1).
        QUARTER_LOG
    }

    /// The last level.
    public enum End {
        /// No noise.
        DATA,
        /// That of the first timestep of training.
        TRAINED,
        /// That of the last timestep of the run, once more.
        REPEATED
    }

    /// Where the levels begin and end.
    ///
    /// @param closed whether the first timestep of training may be visited, and curves lie between
    ///   the visited timesteps; else a timestep is left out at the end, and curves go over all of
    ///   training
    /// @param leastLambda timesteps with a lower `log(alpha / sigma)` are not visited; only for
    ///   ranges that are not closed
    /// @param least the last level of a curve instead
    /// @param most the first level of a curve instead
    public record Range(
            boolean closed, double leastLambda, OptionalDouble least, OptionalDouble most) {
        /// From the last visited timestep to the first.
        public static final Range CLOSED = of(true, Double.NEGATIVE_INFINITY);

        /// Over all of training.
        public static final Range OPEN = of(false, Double.NEGATIVE_INFINITY);

        /// Checks the levels.
        public Range {
            ConfigException.require(
                    least.orElse(1) > 0 && most.orElse(1) > 0,
                    "sigma_min and sigma_max must be above 0");
        }

        /// Returns a range without levels of its own.
        public static Range of(boolean closed, double leastLambda) {
            return new Range(closed, leastLambda, OptionalDouble.empty(), OptionalDouble.empty());
        }
    }

    /// Returns the levels of a multistep solver with the defaults of diffusers.
    public static TrainedLevels of(GaussianDiffusion training, NoiseCurve curve, End end) {
        Times times = curve == NoiseCurve.KARRAS ? Times.NEAREST : Times.DOWN;
        var spacing = new Timesteps(Timesteps.Spacing.LINSPACE, 0);
        return new TrainedLevels(training.schedule(), curve, spacing, Range.OPEN, times, end);
    }

    /// Returns the levels of a method that visits both ends, down to the data.
    public static TrainedLevels closed(GaussianDiffusion training, NoiseCurve curve) {
        var spacing = new Timesteps(Timesteps.Spacing.LINSPACE, 0);
        return new TrainedLevels(
                training.schedule(), curve, spacing, Range.CLOSED, Times.EXACT, End.DATA);
    }

    @Override
    public NoiseLevels levels(int steps) {
        Timesteps.requireSteps(training.steps(), steps);
        double[] trained = trainedLevels();
        Table visited =
                range.closed
                        ? timesteps.exact(training.steps(), steps)
                        : timesteps.open(training.steps(), usable(trained), steps);
        double[] given = visited.map(t -> at(t, trained)).values();
        double most = range.most.orElse(range.closed ? given[0] : trained[trained.length - 1]);
        double least = range.least.orElse(range.closed ? given[steps - 1] : trained[0]);
        double[] exact = curve.spread(given, most, least);
        double[] ratios = Arrays.copyOf(Table.of(exact).map(r -> (float) r).values(), steps + 1);
        ratios[steps] =
                switch (end) {
                    case DATA -> 0;
                    // a curve that ends at the least noise may be a rounding error below it
                    case TRAINED -> Math.min(trained[0], ratios[steps - 1]);
                    case REPEATED -> ratios[steps - 1];
                };
        return NoiseLevels.circular(times(visited, exact, trained), Table.of(ratios));
    }

    private Table times(Table visited, double[] exact, double[] trained) {
        Table levels = Table.of(exact);
        if (times == Times.QUARTER_LOG) {
            return levels.map(r -> 0.25F * (float) Math.log((float) r));
        }
        if (curve == NoiseCurve.GIVEN) {
            return visited;
        }
        Table between = levels.map(level -> timeOf(level, trained));
        return switch (times) {
            case EXACT, QUARTER_LOG -> between.map(t -> (float) t);
            case DOWN -> between.map(Math::floor);
            case NEAREST -> between.map(Math::rint);
        };
    }

    private int usable(double[] trained) {
        int below =
                (int) Arrays.stream(trained).filter(r -> -Math.log(r) < range.leastLambda).count();
        ConfigException.require(
                below < trained.length,
                "no timestep has a lambda of at least %s",
                range.leastLambda);
        return trained.length - below;
    }

    /// The level of a time between the timesteps of training.
    private static double at(double time, double[] trained) {
        int low = (int) time;
        int high = Math.min(low + 1, trained.length - 1);
        return trained[low] + (time - low) * (trained[high] - trained[low]);
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
    /// puts the smallest half-precision number instead. Its square root is that of the library,
    /// which does not always round to the nearest number.
    private double[] trainedLevels() {
        double[] bars = training.alphaBar().map(bar -> bar == 0 ? 0x1p-24 : bar).values();
        try (var scope = TensorScope.open()) {
            Tensor bar = Ops.to(Tensors.of(bars, bars.length), Dtype.FLOAT32);
            return Tensors.doubles(Ops.add(bar.neg(), 1).div(bar).sqrt());
        }
    }

    private static double log(double x) {
        return (float) Math.log(x);
    }
}
