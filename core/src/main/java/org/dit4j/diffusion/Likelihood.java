package org.dit4j.diffusion;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Ops;

/// Divergences and likelihoods of normal distributions (DiT, `diffusion/diffusion_utils.py`).
final class Likelihood {
    private Likelihood() {}

    /// Returns the Kullback-Leibler divergence of two normal distributions, element by element, in
    /// nats.
    static Tensor normalKl(Tensor mean1, Tensor logVar1, Tensor mean2, Tensor logVar2) {
        Tensor spread = Ops.add(logVar2.sub(logVar1), -1).add(logVar1.sub(logVar2).exp());
        Tensor distance = mean1.sub(mean2).square().mul(logVar2.neg().exp());
        return Ops.mul(spread.add(distance), 0.5);
    }

    /// Returns the log likelihood, in nats, of 8-bit pixel values scaled to [-1, 1] under a normal
    /// distribution: the mass of the bin of width 2/255 around each (Ho et al. 2020, equation 13).
    static Tensor discretized(Tensor x, Tensor mean, Tensor logScale) {
        Tensor centered = x.sub(mean);
        Tensor inverse = logScale.neg().exp();
        Tensor above = cdf(inverse.mul(Ops.add(centered, 1 / 255.0)));
        Tensor below = cdf(inverse.mul(Ops.add(centered, -1 / 255.0)));
        // the outermost bins reach to infinity
        return Ops.where(
                Ops.lessThan(x, -0.999),
                safeLog(above),
                Ops.where(
                        Ops.greaterThan(x, 0.999),
                        safeLog(Ops.add(below.neg(), 1)),
                        safeLog(above.sub(below))));
    }

    /// Returns the mean over all axes but the first, in bits, `[B]`.
    static Tensor bitsPerDim(Tensor nats) {
        return Ops.div(Ops.meanFlat(nats), Math.log(2));
    }

    /// The tanh approximation of the standard normal distribution function (Page 1977).
    private static Tensor cdf(Tensor x) {
        Tensor inner = x.add(Ops.mul(Ops.pow(x, 3), 0.044715));
        return Ops.mul(Ops.add(Ops.mul(inner, Math.sqrt(2 / Math.PI)).tanh(), 1), 0.5);
    }

    private static Tensor safeLog(Tensor probability) {
        return Ops.clampMin(probability, 1e-12).log();
    }
}
