package org.dit4j.train;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalDouble;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.diffusion.Denoiser;
import org.dit4j.diffusion.FlowLoss;
import org.dit4j.diffusion.FlowMatching;
import org.dit4j.diffusion.FlowShift;
import org.dit4j.diffusion.GaussianDiffusion;
import org.dit4j.diffusion.GaussianLoss;
import org.dit4j.diffusion.LossTerms;
import org.dit4j.diffusion.NoiseSchedule;
import org.dit4j.diffusion.TimeDensity;
import org.dit4j.diffusion.Variance;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.Shapes;
import org.dit4j.tensor.Tensors;
import org.jspecify.annotations.Nullable;

/// The loss of a batch of latents at random times.
@FunctionalInterface
interface DenoisingLoss {
    /// What a batch gave.
    ///
    /// @param terms the losses of each example
    /// @param positions of each example on the time axis, in [0, 1)
    record Drawn(LossTerms terms, double[] positions) {
        /// Returns what the trainer wants to know of the batch.
        ///
        /// @param mean of the losses
        TrainingTask.BatchLoss report(Tensor mean) {
            var named = new LinkedHashMap<String, Double>();
            named.put("loss", Ops.item(mean));
            put(named, "mse", terms.mse());
            put(named, "vb", terms.vb());
            return new TrainingTask.BatchLoss(named, Tensors.floats(terms.loss()), positions);
        }

        private static void put(Map<String, Double> named, String name, @Nullable Tensor values) {
            if (values != null) {
                named.put(name, Ops.item(values.mean()));
            }
        }
    }

    /// Draws times and noise, in the order of the reference code, and asks the network.
    ///
    /// @param x0 `[B, C, H, W]`
    Drawn of(Denoiser network, Tensor x0, Rng rng);

    /// Returns the loss that an objective names.
    ///
    /// @param learnSigma whether the network predicts the variance too
    static DenoisingLoss of(Objective objective, boolean learnSigma) {
        return switch (objective) {
            case Objective.Gaussian g -> gaussian(g, learnSigma);
            case Objective.Flow f -> flow(f);
        };
    }

    private static DenoisingLoss gaussian(Objective.Gaussian g, boolean learnSigma) {
        var diffusion = process(g, learnSigma);
        var loss =
                new GaussianLoss(
                        diffusion,
                        GaussianLoss.Kind.MSE,
                        g.minSnrGamma() > 0
                                ? OptionalDouble.of(g.minSnrGamma())
                                : OptionalDouble.empty());
        return (network, x0, rng) -> {
            // DiT, train.py: times first, then the noise
            Tensor t = times(g.timeShift(), diffusion.steps(), x0.size(0), rng);
            Tensor noise = Ops.on(rng.normal(Shapes.of(x0)), x0);
            LossTerms terms = loss.of(network, x0, t, noise);
            double[] at = Tensors.doubles(t);
            for (int i = 0; i < at.length; i++) {
                at[i] /= diffusion.steps();
            }
            return new Drawn(terms, at);
        };
    }

    /// Draws the steps of a batch, int64 `[batch]`.
    private static Tensor times(double shift, int steps, long batch, Rng rng) {
        if (shift == 1) {
            return rng.integers(steps, batch);
        }
        var moved = new FlowShift.Fixed(shift);
        double[] u = Tensors.doubles(rng.uniform64(batch));
        var t = new long[u.length];
        for (int i = 0; i < t.length; i++) {
            t[i] = Math.min((long) (steps * moved.apply(u[i])), steps - 1);
        }
        return Tensors.of(t, t.length);
    }

    private static DenoisingLoss flow(Objective.Flow f) {
        FlowMatching process = f.process();
        FlowLoss loss = FlowLoss.of(process);
        TimeDensity density = TimeDensity.named(f.time());
        return (network, x1, rng) -> {
            // SiT, transport.py: noise first, then the times
            Tensor noise = Ops.on(rng.normal(Shapes.of(x1)), x1);
            Tensor t = process.trainTimes(density.draw(x1.size(0), rng));
            LossTerms terms = loss.of(network, x1, Ops.on(t, x1), noise);
            double[] at = Tensors.doubles(t);
            for (int i = 0; i < at.length; i++) {
                at[i] = Math.min(at[i], Math.nextDown(1.0));
            }
            return new Drawn(terms, at);
        };
    }

    /// Returns the process that an objective names.
    static GaussianDiffusion process(Objective.Gaussian g, boolean learnSigma) {
        return new GaussianDiffusion(
                NoiseSchedule.named(g.noiseSchedule(), 1000),
                g.target(),
                learnSigma ? Variance.LEARNED_RANGE : Variance.FIXED_LARGE);
    }
}
