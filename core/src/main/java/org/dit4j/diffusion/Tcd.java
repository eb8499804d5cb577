package org.dit4j.diffusion;

import java.util.List;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Shapes;

/// Strategic stochastic sampling of trajectory consistency distillation (Zheng et al. 2024,
/// algorithm 4; `TCDScheduler` of diffusers): goes to a timestep below the next one, and from there
/// up to it with fresh noise.
///
/// @param training the process of training
/// @param spacing the noise levels
/// @param eta gamma of the paper: 0 for no noise, 1 for going down to the first timestep each time
public record Tcd(GaussianDiffusion training, LevelSpacing spacing, double eta)
        implements SamplerFactory {
    /// Checks eta.
    public Tcd {
        ConfigException.require(eta >= 0 && eta <= 1, "eta must be in [0, 1], not %s", eta);
    }

    /// Returns the method with the eta of diffusers, 0.3.
    ///
    /// @param solverSteps how many steps the solver took that the network was distilled from
    public static Tcd of(GaussianDiffusion training, int solverSteps) {
        return new Tcd(training, new DistilledLevels(training.schedule(), solverSteps), 0.3);
    }

    /// Returns the same method with another eta.
    public Tcd withEta(double other) {
        return new Tcd(training, spacing, other);
    }

    @Override
    public SamplerFactory on(UnaryOperator<LevelSpacing> change) {
        return new Tcd(training, change.apply(spacing), eta);
    }

    @Override
    public Sampler steps(int steps) {
        return new Steps(this, spacing.levels(steps));
    }

    private record Steps(Tcd method, NoiseLevels levels) implements LeveledSampler {
        @Override
        public SamplerState next(SamplerState s, Tensor prediction, NoiseSource noise) {
            Tensor x = s.x();
            int i = s.call();
            double alpha = levels.alpha().at(i);
            double sigma = levels.sigma().at(i);
            var kind = Prediction.of(method.training.target());
            Tensor mean = Prediction.mean(prediction, x);
            Tensor data = kind.data(mean, x, alpha, sigma);
            Tensor eps = kind.noise(mean, x, alpha, sigma);
            boolean last = i == calls() - 1;
            int next = last ? 0 : (int) levels.timesteps().at(i + 1);
            double below = alphaBar((int) Math.floor((float) next * (float) (1 - method.eta)));
            Tensor ahead =
                    Ops.addScaled(Ops.mul(data, Math.sqrt(below)), eps, Math.sqrt(1 - below));
            if (method.eta == 0 || last) {
                return s.after(ahead, List.of(), data);
            }
            double ratio = alphaBar(next) / below;
            Tensor draw = Ops.like(noise.normal(Shapes.of(x)), x);
            Tensor up = Ops.addScaled(Ops.mul(ahead, Math.sqrt(ratio)), draw, Math.sqrt(1 - ratio));
            return s.after(up, List.of(), data);
        }

        private double alphaBar(int t) {
            return method.training.schedule().alphaBar().at(t);
        }
    }
}
