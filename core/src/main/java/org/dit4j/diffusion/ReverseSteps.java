package org.dit4j.diffusion;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Ops;

/// Single steps of the samplers of a [GaussianDiffusion], for samples that may each stand at
/// another step. `t` is int64 `[B]`; images are `[B, C, ...]`.
public final class ReverseSteps {
    private ReverseSteps() {}

    /// Draws from `p(x_{t-1} | x_t)`; at t = 0 returns its mean (Ho et al. 2020, algorithm 2; DiT,
    /// `gaussian_diffusion.py`, `p_sample`).
    ///
    /// @param noise standard normal
    public static Tensor ancestral(Normal step, Tensor t, Tensor noise) {
        Tensor scale = Ops.mul(step.logVariance(), 0.5).exp();
        return step.mean().add(notFirst(t, noise).mul(scale).mul(noise));
    }

    /// Takes a DDIM step (Song et al. 2021, equation 12; DiT, `ddim_sample`).
    ///
    /// @param x0 the data as predicted
    /// @param eta 0 for the deterministic method, 1 for the noise of DDPM
    /// @param noise standard normal
    public static Tensor ddim(
            GaussianDiffusion diffusion, Tensor x0, Tensor xt, Tensor t, double eta, Tensor noise) {
        Tensor eps = diffusion.noiseOf(x0, xt, t);
        Tensor now = diffusion.schedule().alphaBar().at(t, xt);
        Tensor before = diffusion.schedule().alphaBarPrevious().at(t, xt);
        Tensor ratio = oneMinus(before).div(oneMinus(now)).sqrt();
        Tensor sigma = Ops.mul(ratio, eta).mul(oneMinus(now.div(before)).sqrt());
        Tensor direction = oneMinus(before).sub(sigma.square()).sqrt().mul(eps);
        Tensor mean = x0.mul(before.sqrt()).add(direction);
        return mean.add(notFirst(t, noise).mul(sigma).mul(noise));
    }

    /// Takes a deterministic DDIM step towards the noise (DiT, `ddim_reverse_sample`).
    ///
    /// @param x0 the data as predicted
    public static Tensor ddimInverse(GaussianDiffusion diffusion, Tensor x0, Tensor xt, Tensor t) {
        Tensor eps = diffusion.noiseOf(x0, xt, t);
        Tensor next = diffusion.schedule().alphaBarNext().at(t, xt);
        return x0.mul(next.sqrt()).add(oneMinus(next).sqrt().mul(eps));
    }

    /// Shifts the mean of a step along the gradient of `log p(y | x_t)` (Sohl-Dickstein et al.
    /// 2015; DiT, `condition_mean`).
    public static Normal guided(Normal step, Tensor gradient) {
        Tensor mean = step.mean().add(step.variance().mul(gradient));
        return new Normal(mean, step.variance(), step.logVariance());
    }

    /// Returns the predicted data after a shift of the score along the gradient of `log p(y | x_t)`
    /// (Song et al. 2020; DiT, `condition_score`).
    public static Tensor guidedData(
            GaussianDiffusion diffusion, Tensor x0, Tensor xt, Tensor t, Tensor gradient) {
        Tensor now = diffusion.schedule().alphaBar().at(t, xt);
        Tensor eps = diffusion.noiseOf(x0, xt, t).sub(oneMinus(now).sqrt().mul(gradient));
        return diffusion.x0OfNoise(eps, xt, t);
    }

    /// 0 where t is 0, else 1: `[B, 1, ...]` in the type of `like`.
    private static Tensor notFirst(Tensor t, Tensor like) {
        var shape = new long[(int) like.dim()];
        java.util.Arrays.fill(shape, 1);
        shape[0] = t.size(0);
        return Ops.like(Ops.greaterThan(t, 0), like).reshape(shape);
    }

    private static Tensor oneMinus(Tensor x) {
        return Ops.add(x.neg(), 1);
    }
}
