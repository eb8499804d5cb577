package org.dit4j.autoencoder;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.Shapes;

/// The distribution of the latents of a picture or video: normal, with independent coordinates
/// (Kingma and Welling 2014, arXiv:1312.6114, section 3; diffusers `vae.py`,
/// `DiagonalGaussianDistribution`).
///
/// @param mean `[B, C, ...]`
/// @param logvar logarithm of the variance, `[B, C, ...]`, in [-30, 20]
public record Posterior(Tensor mean, Tensor logvar) {
    /// Splits what an encoder gives.
    ///
    /// @param moments `[B, 2 C, ...]`, means first
    public static Posterior of(Tensor moments) {
        Tensor[] halves = Ops.chunk(moments, 2, 1);
        return new Posterior(halves[0], Ops.clamp(halves[1], -30, 20));
    }

    /// Returns the most likely latents.
    public Tensor mode() {
        return mean;
    }

    /// Returns the latents that standard normal `noise` `[B, C, ...]` stands for.
    public Tensor sample(Tensor noise) {
        return mean.add(std().mul(noise));
    }

    /// Draws latents.
    public Tensor sample(Rng rng) {
        return sample(Ops.like(rng.normal(Shapes.of(mean)), mean));
    }

    /// Returns the standard deviation, `[B, C, ...]`.
    public Tensor std() {
        return Ops.mul(logvar, 0.5).exp();
    }

    /// Returns the Kullback-Leibler divergence from the standard normal distribution, summed over
    /// each one, in nats: `1/2 sum(mean^2 + var - 1 - log var)` (arXiv:1312.6114, appendix B).
    ///
    /// @return `[B]`
    public Tensor kl() {
        Tensor terms = Ops.add(mean.square().add(logvar.exp()).sub(logvar), -1);
        return Ops.mul(terms.flatten(1, -1).sum(1), 0.5);
    }

    /// Returns the negative log-likelihood of latents `z` `[B, C, ...]`, summed over each one, in
    /// nats.
    ///
    /// @return `[B]`
    public Tensor nll(Tensor z) {
        Tensor terms = z.sub(mean).square().div(logvar.exp()).add(logvar);
        return Ops.mul(Ops.add(terms, Math.log(2 * Math.PI)).flatten(1, -1).sum(1), 0.5);
    }
}
