package org.dit4j.autoencoder;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.Shapes;

/// The distribution of the latents of a sound: normal, with independent coordinates, of which the
/// network gives a number that is made positive (diffusers `autoencoder_oobleck.py`,
/// `OobleckDiagonalGaussianDistribution`).
///
/// @param mean `[B, C, n]`
/// @param std standard deviation `[B, C, n]`, at least 1e-4
public record AudioPosterior(Tensor mean, Tensor std) {
    private static final double LEAST = 1e-4;

    /// Splits what an encoder gives.
    ///
    /// @param moments `[B, 2 C, n]`, means first, then what `log(1 + exp(s)) + 1e-4` makes the
    ///   standard deviations
    public static AudioPosterior of(Tensor moments) {
        Tensor[] halves = Ops.chunk(moments, 2, 1);
        return new AudioPosterior(halves[0], Ops.add(softplus(halves[1]), LEAST));
    }

    /// Returns `log(1 + exp(x))` without an exponential that overflows.
    private static Tensor softplus(Tensor x) {
        return Ops.relu(x).add(x.minimum(x.neg()).exp().log1p());
    }

    /// Returns the most likely latents.
    public Tensor mode() {
        return mean;
    }

    /// Returns the latents that standard normal `noise` `[B, C, n]` stands for.
    public Tensor sample(Tensor noise) {
        return mean.add(std.mul(noise));
    }

    /// Draws latents.
    public Tensor sample(Rng rng) {
        return sample(Ops.like(rng.normal(Shapes.of(mean)), mean));
    }

    /// Returns twice the Kullback-Leibler divergence from the standard normal distribution, in
    /// nats: `mean^2 + var - log var - 1` summed over the channels, averaged over sounds and time.
    ///
    /// @return a number without axes
    public Tensor kl() {
        Tensor variance = std.square();
        Tensor terms = Ops.add(mean.square().add(variance).sub(variance.log()), -1);
        return terms.sum(1).mean();
    }
}
