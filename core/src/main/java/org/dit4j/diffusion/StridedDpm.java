package org.dit4j.diffusion;

import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Shapes;

/// The stochastic DPM-Solver++ of second order (Lu et al. 2022, arXiv:2211.01095, appendix B) at
/// some of the timesteps of training, as `CogVideoXDPMScheduler` of diffusers does it
/// (`scheduling_dpm_cogvideox.py`). It differs from [DpmSolver] in where its steps lead, see
/// [Strides], and in that a step of second order draws twice and takes the second draw.
///
/// @param training the process of training
/// @param timesteps which steps to visit
/// @param endsAtData whether the last step leads to the data itself; else to the first step of
///   training (`set_alpha_to_one`)
public record StridedDpm(GaussianDiffusion training, Timesteps timesteps, boolean endsAtData)
        implements SamplerFactory {
    @Override
    public Sampler steps(int steps) {
        Table times = timesteps.of(training.steps(), steps);
        var strides = new Strides(training.schedule().alphaBar(), times, endsAtData);
        return new Steps(Prediction.of(training.target()), strides);
    }

    /// The history holds the data as predicted by the call before.
    private record Steps(Prediction reading, Strides strides) implements Sampler {
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
            double after = strides.after(s.call());
            Tensor mean = Prediction.mean(prediction, x);
            Tensor x0 = reading.data(mean, x, Math.sqrt(now), Math.sqrt(1 - now));
            Tensor draw = noise.normal(Shapes.of(x));
            Tensor data = x0;
            if (!s.history().isEmpty() && !strides.last(s.call())) {
                data = extrapolated(x0, s.history().getFirst(), s.call());
                draw = noise.normal(Shapes.of(x));
            }
            double h = lambda(after) - lambda(now);
            double kept = Math.sqrt((1 - after) / (1 - now)) * Math.exp(-h);
            double renewed = -Math.expm1(-2 * h);
            Tensor next =
                    Ops.addScaled(
                            Ops.mul(x, kept).add(Ops.mul(data, renewed * Math.sqrt(after))),
                            Ops.like(draw, x),
                            Math.sqrt((1 - after) * renewed));
            return s.after(next, List.of(x0), x0);
        }

        /// The data in the middle of the step, on the line through the last two predictions; the
        /// prediction itself after a step from pure noise, which is infinitely long.
        private Tensor extrapolated(Tensor x0, Tensor older, int call) {
            double now = lambda(strides.before(call));
            double h = lambda(strides.after(call)) - now;
            double last = now - lambda(strides.before(call - 1));
            return Ops.addScaled(x0, x0.sub(older), h / (2 * last));
        }

        /// Half the logarithm of the signal-to-noise ratio, infinite at pure noise and at the data.
        private static double lambda(double alphaBar) {
            return Math.log(alphaBar / (1 - alphaBar)) / 2;
        }
    }
}
