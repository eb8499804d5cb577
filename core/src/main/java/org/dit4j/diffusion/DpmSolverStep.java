package org.dit4j.diffusion;

import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Ops;

/// The coefficients of one step of [DpmSolver] from level s to level t: the next sample is `x
/// sample + d0 D0 + d1 D1 + d2 D2 + noise z`, where D0 is the newest answer and D1 and D2 are its
/// first and second divided differences in units of the step h in lambda (Lu et al. 2022b, section
/// 4.2; Lu et al. 2022a, appendix B; diffusers, `scheduling_dpmsolver_multistep.py`).
///
/// @param r0 the length of the step before, in units of this one
/// @param r1 the length of the step before that
record DpmSolverStep(
        double x, double d0, double d1, double d2, double noise, double r0, double r1) {
    /// Curves that end at the least noise of training reach it twice.
    private static final DpmSolverStep STILL = new DpmSolverStep(1, 0, 0, 0, 0, 1, 1);

    static DpmSolverStep of(DpmSolver method, NoiseLevels levels, int s, int order) {
        double h = levels.lambda(s + 1) - levels.lambda(s);
        if (h == 0) {
            return STILL;
        }
        double r0 = order > 1 ? (levels.lambda(s) - levels.lambda(s - 1)) / h : Double.NaN;
        double r1 = order > 2 ? (levels.lambda(s - 1) - levels.lambda(s - 2)) / h : Double.NaN;
        double alpha = levels.alpha().at(s + 1);
        double sigma = levels.sigma().at(s + 1);
        double alphaRatio = alpha / levels.alpha().at(s);
        double sigmaRatio = sigma / levels.sigma().at(s);
        // order 3 has only one form, which extends Heun's
        boolean midpoint = order < 3 && method.correction() == DpmSolver.Correction.MIDPOINT;
        return switch (method.algorithm()) {
            case DPM_SOLVER_PP -> integral(sigmaRatio, alpha, -h, 0, midpoint, r0, r1);
            case SDE_DPM_SOLVER_PP ->
                    integral(
                                    sigmaRatio * Math.exp(-h),
                                    alpha,
                                    -2 * h,
                                    sigma * Math.sqrt(-Math.expm1(-2 * h)),
                                    midpoint,
                                    r0,
                                    r1)
                            .asInDiffusers(alpha);
            case DPM_SOLVER -> integral(alphaRatio, sigma, h, 0, midpoint, r0, r1);
            case SDE_DPM_SOLVER ->
                    integral(
                            alphaRatio,
                            2 * sigma,
                            h,
                            sigma * Math.sqrt(Math.expm1(2 * h)),
                            midpoint,
                            r0,
                            r1);
        };
    }

    /// The integral of the exponential from 0 to `z` times a polynomial through the answers; z is
    /// below 0 for the equations in terms of the data, above for those in terms of the noise.
    private static DpmSolverStep integral(
            double x,
            double scale,
            double z,
            double noise,
            boolean midpoint,
            double r0,
            double r1) {
        double phi1 = Math.expm1(z);
        double phi2 = phi1 / z - 1;
        double phi3 = (phi1 - z) / (z * z) - 0.5;
        return new DpmSolverStep(
                x,
                -scale * phi1,
                midpoint ? -0.5 * scale * phi1 : -scale * phi2,
                -scale * phi3,
                noise,
                r0,
                r1);
    }

    /// diffusers subtracts a half where the stochastic method of order 3 would add it; the same
    /// seed is to give the same picture.
    private DpmSolverStep asInDiffusers(double alpha) {
        return new DpmSolverStep(x, d0, d1, d2 - alpha, noise, r0, r1);
    }

    /// @param answers newest first: one, two or three, as the order is
    Tensor take(Tensor sample, List<Tensor> answers) {
        Tensor m0 = answers.getFirst();
        Tensor next = Ops.addScaled(Ops.mul(sample, x), m0, d0);
        if (answers.size() == 1) {
            return next;
        }
        Tensor first = Ops.div(m0.sub(answers.get(1)), r0);
        if (answers.size() == 2) {
            return Ops.addScaled(next, first, d1);
        }
        Tensor before = Ops.div(answers.get(1).sub(answers.get(2)), r1);
        Tensor change = first.sub(before);
        Tensor slope = Ops.addScaled(first, change, r0 / (r0 + r1));
        return Ops.addScaled(Ops.addScaled(next, slope, d1), change, d2 / (r0 + r1));
    }
}
