package org.dit4j.diffusion;

import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Ops;

/// One step of an exponential integrator from a level s to a level t, which DPM-Solver (Lu et al.
/// 2022a and 2022b), DEIS (Zhang and Chen 2023) and UniPC (Zhao et al. 2023) share. With `tau` the
/// time in `lambda = log(alpha / sigma)` from 0 at s to 1 at t, the exact solution is
///
/// `keep x - scale z integral of e^(z (1 - tau)) m(tau)`
///
/// where m, the network's answer, is replaced by a polynomial through the answers that are known.
/// The methods differ in which those are and in the moments that they take for the integrals of `z
/// e^(z (1 - tau)) tau^i`.
///
/// @param h the length of the step in lambda
/// @param z below 0 for equations in terms of the data, above for those in terms of the noise
/// @param noise the standard deviation of what the stochastic equations add
record ExponentialStep(double h, double keep, double scale, double z, double noise) {
    /// @param s the level where the step begins
    /// @param t the level where it ends
    static ExponentialStep of(DpmSolver.Algorithm algorithm, NoiseLevels levels, int s, int t) {
        double h = levels.lambda(t) - levels.lambda(s);
        double alpha = levels.alpha().at(t);
        double sigma = levels.sigma().at(t);
        double alphaRatio = alpha / levels.alpha().at(s);
        double sigmaRatio = sigma / levels.sigma().at(s);
        return switch (algorithm) {
            case DPM_SOLVER_PP -> new ExponentialStep(h, sigmaRatio, alpha, -h, 0);
            case SDE_DPM_SOLVER_PP -> {
                double noise = sigma * Math.sqrt(-Math.expm1(-2 * h));
                yield new ExponentialStep(h, sigmaRatio * Math.exp(-h), alpha, -2 * h, noise);
            }
            case DPM_SOLVER -> new ExponentialStep(h, alphaRatio, sigma, h, 0);
            case SDE_DPM_SOLVER -> {
                double noise = sigma * Math.sqrt(Math.expm1(2 * h));
                yield new ExponentialStep(h, alphaRatio, 2 * sigma, h, noise);
            }
        };
    }

    /// Returns the integrals of `z e^(z (1 - tau)) tau^i` for the first n whole i.
    double[] moments(int n) {
        var moments = new double[n];
        moments[0] = Math.expm1(z);
        for (int i = 1; i < n; i++) {
            moments[i] = i * moments[i - 1] / z - 1;
        }
        return moments;
    }

    /// Returns the time tau of a level.
    ///
    /// @param s the level where the step begins
    double tau(NoiseLevels levels, int s, int level) {
        return (levels.lambda(level) - levels.lambda(s)) / h;
    }

    /// Returns the sample at t, without noise.
    ///
    /// @param tau the times of the answers, the first of them 0
    /// @param answers one for each time
    /// @param moments one for each time
    Tensor take(Tensor x, double[] tau, List<Tensor> answers, double[] moments) {
        if (h == 0) {
            // curves that end at the least noise of training reach it twice
            return x;
        }
        Tensor m0 = answers.getFirst();
        Tensor next = Ops.addScaled(Ops.mul(x, keep), m0, -scale * moments[0]);
        for (int k = 1; k < tau.length; k++) {
            double weight = weight(k, tau, moments);
            next = Ops.addScaled(next, answers.get(k).sub(m0), -scale * weight);
        }
        return next;
    }

    /// The integral of the polynomial that is 1 at `tau[k]` and 0 at the other times.
    private static double weight(int k, double[] tau, double[] moments) {
        double[] lagrange = {1};
        for (int j = 0; j < tau.length; j++) {
            if (j != k) {
                lagrange = times(lagrange, -tau[j], tau[k] - tau[j]);
            }
        }
        double sum = 0;
        for (int i = 0; i < lagrange.length; i++) {
            sum += lagrange[i] * moments[i];
        }
        return sum;
    }

    /// The coefficients of `p(tau) (tau + root) / scale`.
    private static double[] times(double[] p, double root, double scale) {
        var product = new double[p.length + 1];
        for (int i = 0; i < p.length; i++) {
            product[i] += p[i] * root / scale;
            product[i + 1] += p[i] / scale;
        }
        return product;
    }
}
