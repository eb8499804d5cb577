package org.dit4j.diffusion;

import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Shapes;

/// Denoising diffusion implicit models at some of the timesteps of training, as `DDIMScheduler` of
/// diffusers does it (`scheduling_ddim.py`). It differs from [DdimSampler] in which timesteps it
/// visits, in that it takes the noise from the network even where the data is limited, and in that
/// it draws noise only if eta is above 0.
///
/// @param training the process of training
/// @param timesteps which steps to visit
/// @param limit for the predicted data
/// @param endsAtData whether the last step leads to the data itself; else to the first step of
///   training (`set_alpha_to_one`)
/// @param eta 0 for the deterministic method, 1 for the noise of DDPM
public record StridedDdim(
        GaussianDiffusion training,
        Timesteps timesteps,
        DataLimit limit,
        boolean endsAtData,
        double eta)
        implements SamplerFactory {
    /// Checks eta.
    public StridedDdim {
        ConfigException.require(eta >= 0 && eta <= 1, "eta must be in [0, 1], not %s", eta);
    }

    /// Returns the same method with another eta.
    public StridedDdim withEta(double other) {
        return new StridedDdim(training, timesteps, limit, endsAtData, other);
    }

    @Override
    public Sampler steps(int steps) {
        Table times = timesteps.of(training.steps(), steps);
        return new Steps(this, new Strides(training.schedule().alphaBar(), times, endsAtData));
    }

    private record Steps(StridedDdim method, Strides strides) implements Sampler {
        @Override
        public int calls() {
            return strides.calls();
        }

        @Override
        public double timestep(SamplerState s) {
            return strides.times().at(s.call());
        }

        @Override
        public List<Float> knownTimes() {
            return strides.times().floats();
        }

        @Override
        public Tensor noised(Tensor data, Tensor noise, int call) {
            return strides.noised(data, noise, call);
        }

        @Override
        public SamplerState next(SamplerState s, Tensor prediction, NoiseSource noise) {
            Tensor x = s.x();
            double now = strides.before(s.call());
            double before = strides.after(s.call());
            double alpha = Math.sqrt(now);
            double sigma = Math.sqrt(1 - now);
            var reading = Prediction.of(method.training.target());
            Tensor mean = Prediction.mean(prediction, x);
            Tensor x0 = method.limit.apply(reading.data(mean, x, alpha, sigma));
            Tensor eps = reading.noise(mean, x, alpha, sigma);
            // Song et al. 2021, equations 12 and 16
            double std = method.eta * Math.sqrt((1 - before) / (1 - now) * (1 - now / before));
            Tensor next =
                    Ops.addScaled(
                            Ops.mul(x0, Math.sqrt(before)),
                            eps,
                            Math.sqrt(Math.max(0, 1 - before - std * std)));
            if (method.eta > 0) {
                Tensor draw = Ops.like(noise.normal(Shapes.of(x)), x);
                next = Ops.addScaled(next, draw, std);
            }
            return s.after(next, List.of(), x0);
        }
    }
}
