package org.dit4j.autoencoder;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;

/// The distribution of the latents of a picture: normal, with independent coordinates (Kingma and
/// Welling 2014, arXiv:1312.6114, section 3; diffusers `vae.py`, `DiagonalGaussianDistribution`).
///
/// @param mean `[B, C, h, w]`
/// @param logvar logarithm of the variance, `[B, C, h, w]`, in [-30, 20]
public record Posterior(Tensor mean, Tensor logvar) {
    /// Splits what an encoder gives.
    ///
    /// @param moments `[B, 2 C, h, w]`, means first
    public static Posterior of(Tensor moments) {
        Tensor[] halves = Ops.chunk(moments, 2, 1);
        return new Posterior(halves[0], Ops.clamp(halves[1], -30, 20));
    }

    /// Returns the most likely latents.
    public Tensor mode() {
        return mean;
    }

    /// Returns the latents that standard normal `noise` `[B, C, h, w]` stands for.
    public Tensor sample(Tensor noise) {
        return mean.add(std().mul(noise));
    }

    /// Draws latents.
    public Tensor sample(Rng rng) {
        return sample(
                Ops.like(rng.normal(mean.size(0), mean.size(1), mean.size(2), mean.size(3)), mean));
    }

    /// Returns the standard deviation, `[B, C, h, w]`.
    public Tensor std() {
        return Ops.mul(logvar, 0.5).exp();
    }

    /// Returns the Kullback-Leibler divergence from the standard normal distribution, summed over
    /// each picture, in nats: `1/2 sum(mean^2 + var - 1 - log var)` (arXiv:1312.6114, appendix B).
    ///
    /// @return `[B]`
    public Tensor kl() {
        Tensor terms = Ops.add(mean.square().add(logvar.exp()).sub(logvar), -1);
        return Ops.mul(Ops.sum(terms, false, 1, 2, 3), 0.5);
    }

    /// Returns the negative log-likelihood of latents `z` `[B, C, h, w]`, summed over each picture,
    /// in nats.
    ///
    /// @return `[B]`
    public Tensor nll(Tensor z) {
        Tensor terms = z.sub(mean).square().div(logvar.exp()).add(logvar);
        return Ops.mul(Ops.sum(Ops.add(terms, Math.log(2 * Math.PI)), false, 1, 2, 3), 0.5);
    }
}
