package org.dit4j.diffusion;

import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Shapes;

/// Ancestral sampling at some of the timesteps of training, as `DDPMScheduler` of diffusers does it
/// (`scheduling_ddpm.py`). It differs from [DdpmSampler] in which timesteps it visits and in that
/// it draws no noise at timestep 0.
///
/// @param training the process of training; a learned variance is the log variance or, in a range,
///   a share of it
/// @param timesteps which steps to visit
/// @param limit for the predicted data
public record StridedDdpm(GaussianDiffusion training, Timesteps timesteps, DataLimit limit)
        implements SamplerFactory {
    /// diffusers keeps variances above this before it takes their log.
    private static final double LEAST_VARIANCE = 1e-20;

    @Override
    public Sampler steps(int steps) {
        return new Steps(this, timesteps.of(training.steps(), steps));
    }

    private record Steps(StridedDdpm method, Table times) implements Sampler {
        @Override
        public int calls() {
            return times.size();
        }

        @Override
        public double timestep(SamplerState s) {
            return times.at(s.call());
        }

        @Override
        public List<Float> knownTimes() {
            return times.floats();
        }

        @Override
        public Tensor noised(Tensor data, Tensor noise, int call) {
            if (call == calls()) {
                return data;
            }
            double kept = alphaBar(call);
            return Ops.addScaled(Ops.mul(data, Math.sqrt(kept)), noise, Math.sqrt(1 - kept));
        }

        @Override
        public SamplerState next(SamplerState s, Tensor prediction, NoiseSource noise) {
            Tensor x = s.x();
            double now = alphaBar(s.call());
            double before = alphaBar(s.call() + 1);
            double beta = 1 - now / before;
            var reading = Prediction.of(method.training.target());
            Tensor mean = Prediction.mean(prediction, x);
            Tensor x0 =
                    method.limit.apply(reading.data(mean, x, Math.sqrt(now), Math.sqrt(1 - now)));
            // Ho et al. 2020, equation 7
            Tensor next =
                    Ops.addScaled(
                            Ops.mul(x0, Math.sqrt(before) * beta / (1 - now)),
                            x,
                            Math.sqrt(now / before) * (1 - before) / (1 - now));
            if (times.at(s.call()) > 0) {
                double small = Math.max((1 - before) / (1 - now) * beta, LEAST_VARIANCE);
                Tensor draw = Ops.like(noise.normal(Shapes.of(x)), x);
                next = next.add(scaled(draw, prediction, x, small, beta));
            }
            return s.after(next, List.of(), x0);
        }

        private Tensor scaled(Tensor draw, Tensor answer, Tensor x, double small, double beta) {
            return switch (method.training.variance()) {
                case FIXED_SMALL -> Ops.mul(draw, Math.sqrt(small));
                case FIXED_LARGE -> Ops.mul(draw, Math.sqrt(beta));
                case LEARNED -> Ops.mul(Prediction.variance(answer, x), 0.5).exp().mul(draw);
                case LEARNED_RANGE -> {
                    Tensor share = Ops.mul(Ops.add(Prediction.variance(answer, x), 1), 0.5);
                    double least = Math.log(small);
                    Tensor log = Ops.add(Ops.mul(share, Math.log(beta) - least), least);
                    yield Ops.mul(log, 0.5).exp().mul(draw);
                }
            };
        }

        private double alphaBar(int call) {
            return call == times.size()
                    ? 1
                    : method.training.schedule().alphaBar().at((int) times.at(call));
        }
    }
}
