package org.dit4j.diffusion;

import java.util.List;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Shapes;

/// Sampling from networks that go to the data in one step (Song et al. 2023, algorithm 1): predicts
/// the data and adds fresh noise up to the next level. `LCMScheduler`, `SCMScheduler` and
/// `FlowMatchEulerDiscreteScheduler` with stochastic sampling, of diffusers.
///
/// @param spacing the noise levels, of which the last has no noise
/// @param prediction what the network predicts
/// @param limit for the predicted data
/// @param boundary how much of the sample stays in the predicted data
/// @param noise the standard deviation of the noise, which is that of the data
/// @param drawsAtEnd whether noise is drawn at the last step too, which does not use it
public record Consistency(
        LevelSpacing spacing,
        Prediction prediction,
        DataLimit limit,
        Boundary boundary,
        double noise,
        boolean drawsAtEnd)
        implements SamplerFactory {

    /// The boundary condition, that there is nothing to do at time 0 (Song et al. 2023, equation 5;
    /// diffusers, `scheduling_lcm.py`): the result is `data_share(t) data + sample_share(t)
    /// sample`.
    ///
    /// @param scale timesteps are multiplied by this; infinite for the data alone
    public record Boundary(double scale) {
        /// The data as predicted.
        public static final Boundary NONE = new Boundary(Double.POSITIVE_INFINITY);

        private static final double DATA_STD = 0.5;

        Tensor apply(Tensor data, Tensor x, double t) {
            if (Double.isInfinite(scale)) {
                return data;
            }
            double square = t * scale * t * scale + DATA_STD * DATA_STD;
            return Ops.addScaled(
                    Ops.mul(data, t * scale / Math.sqrt(square)), x, DATA_STD * DATA_STD / square);
        }
    }

    /// Returns the method of latent consistency models with the defaults of diffusers.
    ///
    /// @param solverSteps how many steps the solver took that the network was distilled from
    public static Consistency distilled(GaussianDiffusion training, int solverSteps) {
        return new Consistency(
                new DistilledLevels(training.schedule(), solverSteps),
                Prediction.of(training.target()),
                DataLimit.NONE,
                new Boundary(10),
                1,
                false);
    }

    /// Returns the method for a flow.
    public static Consistency straight(LevelSpacing spacing) {
        return new Consistency(spacing, Prediction.FLOW, DataLimit.NONE, Boundary.NONE, 1, true);
    }

    /// Returns the same method for data of another standard deviation.
    public Consistency withNoise(double std) {
        return new Consistency(spacing, prediction, limit, boundary, std, drawsAtEnd);
    }

    @Override
    public SamplerFactory on(UnaryOperator<LevelSpacing> change) {
        return new Consistency(
                change.apply(spacing), prediction, limit, boundary, noise, drawsAtEnd);
    }

    @Override
    public Sampler steps(int steps) {
        return new Steps(this, spacing.levels(steps));
    }

    private record Steps(Consistency method, NoiseLevels levels) implements LeveledSampler {
        @Override
        public SamplerState next(SamplerState s, Tensor prediction, NoiseSource noise) {
            Tensor x = s.x();
            int i = s.call();
            var answer = Answer.of(method.prediction, method.limit, true, prediction, x, levels, i);
            Tensor data = method.boundary.apply(answer.x0(), x, timestep(s));
            if (i == calls() - 1 && !method.drawsAtEnd) {
                return s.after(data, List.of(), data);
            }
            Tensor draw = Ops.like(noise.normal(Shapes.of(x)), x);
            Tensor next = levels.noised(data, Ops.mul(draw, method.noise), i + 1);
            return s.after(next, List.of(), data);
        }
    }
}
