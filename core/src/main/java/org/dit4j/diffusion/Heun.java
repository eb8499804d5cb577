package org.dit4j.diffusion;

import java.util.List;
import java.util.Locale;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.tensor.Ops;

/// Heun's method (Karras et al. 2022, algorithm 1; `HeunDiscreteScheduler` and
/// `FlowMatchHeunDiscreteScheduler` of diffusers): two calls a step, but one for the last, which
/// ends at the data.
///
/// What the second call of a step from the level s to r changes in x0 counts `(s - r) / 2r` times:
/// that is how far the step ends from where Euler's would. It is below the noise, r, while `s - r`
/// is below `2 r^2`; a first step beyond that, from nearly pure noise, is remarked on.
///
/// @param spacing the noise levels, of which the last is 0
/// @param prediction what the network predicts
/// @param frame the coordinates
/// @param limit for the predicted data
public record Heun(LevelSpacing spacing, Prediction prediction, Frame frame, DataLimit limit)
        implements SamplerFactory {

    /// Returns the method for a Gaussian diffusion.
    public static Heun scaled(LevelSpacing spacing, Prediction prediction) {
        return new Heun(spacing, prediction, Frame.SCALED, DataLimit.NONE);
    }

    /// Returns the method for a flow.
    public static Heun straight(LevelSpacing spacing) {
        return new Heun(spacing, Prediction.FLOW, Frame.STRAIGHT, DataLimit.NONE);
    }

    @Override
    public SamplerFactory on(UnaryOperator<LevelSpacing> change) {
        return new Heun(change.apply(spacing), prediction, frame, limit);
    }

    @Override
    public Sampler steps(int steps) {
        NoiseLevels levels = spacing.levels(steps);
        ConfigException.require(
                levels.sigma().at(steps) == 0, "Heun's method takes its last step to the data");
        return new Steps(this, levels);
    }

    /// Between the two calls of a step, the history holds the sample and the slope where it began.
    private record Steps(Heun method, NoiseLevels levels) implements LeveledSampler {
        @Override
        public int calls() {
            return 2 * levels.timesteps().size() - 1;
        }

        @Override
        public SamplerState start(Tensor noise) {
            return SamplerState.first(method.frame.start(noise, levels));
        }

        @Override
        public Tensor modelInput(SamplerState s) {
            return method.frame.input(s.x(), level(visited(s)));
        }

        @Override
        public double timestep(SamplerState s) {
            return levels.timesteps().at(visited(s));
        }

        @Override
        public Tensor noised(Tensor data, Tensor noise, int call) {
            return call == calls()
                    ? data
                    : method.frame.noised(data, noise, levels, (call + 1) / 2);
        }

        @Override
        public int callsBefore(int step) {
            return 2 * step;
        }

        @Override
        public List<String> remarks() {
            double from = level(0);
            double to = level(1);
            if (calls() == 1 || from - to <= 2 * Math.max(1, to * to)) {
                return List.of();
            }
            return List.of(
                    String.format(
                            Locale.ROOT,
                            "heun steps from %.0f times as much noise as data to %.3g at once, where"
                                    + " what the second call changes counts %.0f times:"
                                    + " heun-karras has smaller steps there, and euler, dpm++2m"
                                    + " and unipc do not need them",
                            from,
                            to,
                            (from - to) / (2 * to)));
        }

        @Override
        public SamplerState next(SamplerState s, Tensor prediction, NoiseSource noise) {
            int i = visited(s);
            Tensor answer = Prediction.mean(prediction, s.x());
            Tensor data =
                    method.limit.apply(
                            method.frame.data(method.prediction, answer, s.x(), level(i)));
            Tensor slope = Frame.slope(s.x(), data, level(i));
            if (s.history().isEmpty()) {
                Tensor ahead = Frame.along(s.x(), slope, level(i + 1) - level(i));
                boolean last = s.call() == calls() - 1;
                return s.after(ahead, last ? List.of() : List.of(s.x(), slope), data);
            }
            Tensor mean = Ops.mul(s.history().get(1).add(slope), 0.5);
            Tensor next = Frame.along(s.history().getFirst(), mean, level(i) - level(i - 1));
            return s.after(next, List.of(), data);
        }

        private static int visited(SamplerState s) {
            return (s.call() + 1) / 2;
        }

        private double level(int i) {
            return method.frame.level(levels, i);
        }
    }
}
