package org.dit4j.diffusion;

import java.util.Arrays;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Shapes;
import org.dit4j.tensor.Tensors;

/// A Gaussian diffusion and what the network predicts about it: DDPM (Ho et al. 2020) as ADM and
/// DiT use it (DiT, `diffusion/gaussian_diffusion.py`). Immutable.
///
/// Everywhere `t` is int64 `[B]`, the index of a step of [#schedule], which may differ from sample
/// to sample; the network is given [#modelTime] instead.
///
/// @param schedule the steps
/// @param target what the network predicts
/// @param variance where the variance of a reverse step comes from
public record GaussianDiffusion(NoiseSchedule schedule, Target target, Variance variance) {
    /// The process that DiT is trained with: 1000 linear steps, noise, learned range.
    public static GaussianDiffusion dit() {
        return new GaussianDiffusion(
                NoiseSchedule.linear(1000), Target.EPSILON, Variance.LEARNED_RANGE);
    }

    /// Returns the same process in fewer steps, see [NoiseSchedule#respaced].
    public GaussianDiffusion respaced(String sections) {
        return new GaussianDiffusion(schedule.respaced(sections), target, variance);
    }

    /// Returns the number of steps.
    public int steps() {
        return schedule.steps();
    }

    /// Returns what the network is given for `t`: float32 `[B]`, timesteps of the original process.
    public Tensor modelTime(Tensor t) {
        return schedule.timesteps().at(t);
    }

    // ---- forward: from data to noise

    /// Draws from `q(x_t | x0)` with given noise.
    ///
    /// @param x0 `[B, C, ...]`
    /// @param noise `[B, C, ...]` standard normal
    /// @return `sqrt(alphaBar) x0 + sqrt(1 - alphaBar) noise`
    public Tensor noised(Tensor x0, Tensor t, Tensor noise) {
        Shapes.require(noise, "noise", Shapes.of(x0));
        return schedule.dataScale().at(t, x0).mul(x0).add(noiseScale(t, x0).mul(noise));
    }

    /// Returns `q(x_t | x0)`.
    public Normal forward(Tensor x0, Tensor t) {
        Tensor mean = schedule.dataScale().at(t, x0).mul(x0);
        Tensor variance = schedule.alphaBar().map(a -> 1 - a).at(t, x0);
        Tensor log = schedule.logNoiseVariance().at(t, x0);
        return new Normal(mean, variance.expand_as(x0), log.expand_as(x0));
    }

    /// Returns `q(x_{t-1} | x_t, x0)` (Ho et al. 2020, equations 6 and 7).
    public Normal posterior(Tensor x0, Tensor xt, Tensor t) {
        Shapes.require(x0, "x0", Shapes.of(xt));
        Tensor mean =
                schedule.posteriorMeanOfX0()
                        .at(t, xt)
                        .mul(x0)
                        .add(schedule.posteriorMeanOfXt().at(t, xt).mul(xt));
        return new Normal(
                mean,
                schedule.posteriorVariance().at(t, xt).expand_as(xt),
                schedule.posteriorLogVariance().at(t, xt).expand_as(xt));
    }

    /// Returns what the network should predict for `noised(x0, t, noise)`.
    public Tensor targetOf(Tensor x0, Tensor t, Tensor noise) {
        return switch (target) {
            case EPSILON -> noise;
            case X0 -> x0;
            case V -> velocity(x0, t, noise);
        };
    }

    /// Returns `v = sqrt(alphaBar) noise - sqrt(1 - alphaBar) x0` (Salimans and Ho 2022, appendix
    /// D).
    public Tensor velocity(Tensor x0, Tensor t, Tensor noise) {
        return schedule.dataScale().at(t, x0).mul(noise).sub(noiseScale(t, x0).mul(x0));
    }

    // ---- from a prediction to the data and back

    /// Returns the data that a prediction stands for.
    ///
    /// @param prediction `[B, C, ...]`, without variance channels
    public Tensor x0Of(Tensor prediction, Tensor xt, Tensor t) {
        Shapes.require(prediction, "prediction", Shapes.of(xt));
        return switch (target) {
            case EPSILON -> x0OfNoise(prediction, xt, t);
            case X0 -> prediction;
            case V -> schedule.dataScale().at(t, xt).mul(xt).sub(noiseScale(t, xt).mul(prediction));
        };
    }

    /// Returns the data that is in x_t if its noise is `eps`.
    public Tensor x0OfNoise(Tensor eps, Tensor xt, Tensor t) {
        Tensor data = schedule.inverseDataScale().at(t, xt).mul(xt);
        return data.sub(schedule.noiseToData().at(t, xt).mul(eps));
    }

    /// Returns the noise that is in x_t if its data is `x0`.
    public Tensor noiseOf(Tensor x0, Tensor xt, Tensor t) {
        Tensor scaled = schedule.inverseDataScale().at(t, xt).mul(xt).sub(x0);
        return scaled.div(schedule.noiseToData().at(t, xt));
    }

    /// Returns what a prediction says about the step before: `p(x_{t-1} | x_t)` and the data.
    ///
    /// @param prediction `[B, C, ...]`, or `[B, 2C, ...]` where the variance is learned
    /// @param clip whether to limit the predicted data to [-1, 1]
    public Reverse reverse(Tensor prediction, Tensor xt, Tensor t, boolean clip) {
        long c = xt.size(1);
        long[] wanted = Shapes.of(xt);
        wanted[1] = variance.learned() ? 2 * c : c;
        Shapes.require(prediction, "prediction", wanted);
        Tensor free = x0Of(prediction.narrow(1, 0, c), xt, t);
        Tensor x0 = clip ? Ops.clamp(free, -1, 1) : free;
        Tensor log = logVariance(prediction, xt, t);
        Tensor mean = posterior(x0, xt, t).mean();
        return new Reverse(new Normal(mean, variance(log, xt, t), log), x0);
    }

    // ---- training

    /// Returns the loss of each example that DiT is trained with: the mean squared error of the
    /// network's target and, where the variance is learned, the variational bound; see
    /// [GaussianLoss] for the others. Recorded for gradients.
    ///
    /// @param x0 `[B, C, ...]`
    /// @param t int64 `[B]`
    /// @param noise `[B, C, ...]` standard normal
    public LossTerms trainingLosses(Denoiser model, Tensor x0, Tensor t, Tensor noise) {
        return GaussianLoss.mse(this).of(model, x0, t, noise);
    }

    // ---- likelihood

    /// Returns the bits per dimension that it costs to encode the last x_t under the prior N(0, I),
    /// `[B]`.
    public Tensor priorBitsPerDim(Tensor x0) {
        ConfigException.require(x0.dim() >= 2, "x0 must have at least 2 axes, not %d", x0.dim());
        var last = new long[(int) x0.size(0)];
        Arrays.fill(last, steps() - 1L);
        Normal q = forward(x0, Tensors.of(last, last.length));
        Tensor zero = Ops.like(Tensors.scalar(0), x0);
        return Likelihood.bitsPerDim(Likelihood.normalKl(q.mean(), q.logVariance(), zero, zero));
    }

    private Tensor logVariance(Tensor prediction, Tensor xt, Tensor t) {
        long c = xt.size(1);
        return switch (variance) {
            case LEARNED -> prediction.narrow(1, c, c);
            case LEARNED_RANGE -> {
                Tensor share = Ops.mul(Ops.add(prediction.narrow(1, c, c), 1), 0.5);
                Tensor most = schedule.betas().map(Math::log).at(t, xt);
                Tensor least = schedule.posteriorLogVariance().at(t, xt);
                yield share.mul(most).add(Ops.add(share.neg(), 1).mul(least));
            }
            case FIXED_SMALL -> schedule.posteriorLogVariance().at(t, xt).expand_as(xt);
            case FIXED_LARGE -> schedule.largeVariance().map(Math::log).at(t, xt).expand_as(xt);
        };
    }

    private Tensor variance(Tensor logVariance, Tensor xt, Tensor t) {
        return switch (variance) {
            case LEARNED, LEARNED_RANGE -> logVariance.exp();
            case FIXED_SMALL -> schedule.posteriorVariance().at(t, xt).expand_as(xt);
            case FIXED_LARGE -> schedule.largeVariance().at(t, xt).expand_as(xt);
        };
    }

    private Tensor noiseScale(Tensor t, Tensor like) {
        return schedule.noiseScale().at(t, like);
    }
}
