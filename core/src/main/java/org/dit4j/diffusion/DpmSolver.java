package org.dit4j.diffusion;

import java.util.function.UnaryOperator;
import org.dit4j.ConfigException;

/// DPM-Solver and DPM-Solver++ in several steps (Lu et al. 2022a and 2022b), the samplers of the
/// matching stochastic equation, and DEIS (Zhang and Chen 2023); as `DPMSolverMultistepScheduler`
/// and `DEISMultistepScheduler` of diffusers.
///
/// @param spacing the noise levels
/// @param prediction what the network predicts
/// @param limit for the predicted data
/// @param algorithm which equation is solved
/// @param order how many answers of the network a step uses, 1 to 3
/// @param correction how a step uses the answers before the last
/// @param lowerOrderFinal whether the last steps of a run of fewer than 15 have a lower order
/// @param eulerAtFinal whether the last step has order 1 in any case
public record DpmSolver(
        LevelSpacing spacing,
        Prediction prediction,
        DataLimit limit,
        Algorithm algorithm,
        int order,
        Correction correction,
        boolean lowerOrderFinal,
        boolean eulerAtFinal)
        implements SamplerFactory {
    /// Below this many steps the last ones are of a lower order.
    private static final int FEW = 15;

    /// Which equation is solved.
    public enum Algorithm {
        /// The probability flow, in terms of the noise (Lu et al. 2022a).
        DPM_SOLVER(false, false),
        /// The probability flow, in terms of the data (Lu et al. 2022b).
        DPM_SOLVER_PP(true, false),
        /// The diffusion SDE, in terms of the noise.
        SDE_DPM_SOLVER(false, true),
        /// The diffusion SDE, in terms of the data (Lu et al. 2022b, appendix).
        SDE_DPM_SOLVER_PP(true, true);

        private final boolean data;
        private final boolean stochastic;

        Algorithm(boolean data, boolean stochastic) {
            this.data = data;
            this.stochastic = stochastic;
        }

        /// Returns whether steps combine predictions of the data; else of the noise.
        public boolean ofData() {
            return data;
        }

        /// What diffusers has too much in the second moment: it subtracts a half where the
        /// stochastic method of order 3 would add it. The same seed is to give the same picture.
        double surplus() {
            return this == SDE_DPM_SOLVER_PP ? 2 : 0;
        }

        /// Returns whether each step draws noise.
        public boolean stochastic() {
            return stochastic;
        }
    }

    /// How a step uses the answers before the last.
    public enum Correction {
        /// In order 2 as the midpoint method; in order 3 as [#HEUN].
        MIDPOINT,
        /// In order 2 as Heun's method, which is [#EXACT]; in order 3 with half the second moment.
        HEUN,
        /// The polynomial through the answers is integrated as it is. With [Algorithm#DPM_SOLVER]
        /// that is DEIS in `log rho`.
        EXACT
    }

    /// Checks the order.
    public DpmSolver {
        ConfigException.require(
                order >= 1 && order <= 3, "solver_order must be 1..3, not %d", order);
        ConfigException.require(
                order < 3 || algorithm != Algorithm.SDE_DPM_SOLVER,
                "solver_order 3 does not exist for sde-dpmsolver: use sde-dpmsolver++ or order 2");
    }

    /// Returns DPM-Solver++ (2M), the usual choice for guided sampling, with the defaults of
    /// diffusers.
    public static DpmSolver secondOrder(GaussianDiffusion training) {
        return on(
                TrainedLevels.of(training, NoiseCurve.GIVEN, TrainedLevels.End.DATA),
                Prediction.of(training.target()));
    }

    /// Returns DPM-Solver++ (2M) on other noise levels.
    public static DpmSolver on(LevelSpacing levels, Prediction prediction) {
        return new DpmSolver(
                levels,
                prediction,
                DataLimit.NONE,
                Algorithm.DPM_SOLVER_PP,
                2,
                Correction.MIDPOINT,
                true,
                false);
    }

    /// Returns DEIS of second order.
    ///
    /// @param levels must not end at 0
    public static DpmSolver deis(LevelSpacing levels, Prediction prediction) {
        return on(levels, prediction).with(Algorithm.DPM_SOLVER, 2, Correction.EXACT);
    }

    /// Returns the same method in another order.
    public DpmSolver ofOrder(int other) {
        return with(algorithm, other, correction);
    }

    /// Returns the same method for another equation.
    public DpmSolver by(Algorithm other) {
        return with(other, order, correction);
    }

    private DpmSolver with(Algorithm newAlgorithm, int newOrder, Correction newCorrection) {
        return new DpmSolver(
                spacing,
                prediction,
                limit,
                newAlgorithm,
                newOrder,
                newCorrection,
                lowerOrderFinal,
                eulerAtFinal);
    }

    @Override
    public DpmSolver on(UnaryOperator<LevelSpacing> change) {
        return new DpmSolver(
                change.apply(spacing),
                prediction,
                limit,
                algorithm,
                order,
                correction,
                lowerOrderFinal,
                eulerAtFinal);
    }

    @Override
    public Sampler steps(int steps) {
        NoiseLevels levels = spacing.levels(steps);
        requireEnd(algorithm, levels);
        return new DpmSolverSampler(this, levels);
    }

    /// Checks that the equation can be solved down to the last level.
    static void requireEnd(Algorithm algorithm, NoiseLevels levels) {
        ConfigException.require(
                algorithm.ofData() || levels.sigma().at(levels.sigma().size() - 1) > 0,
                "%s divides by the last noise level: it cannot end at 0 (final_sigmas_type zero)",
                algorithm);
    }

    /// Returns how many answers step `i` of `n` uses, were there any number before it.
    ///
    /// @param clean whether the last level has no noise
    int orderAt(int i, int n, boolean clean) {
        boolean few = lowerOrderFinal && n < FEW;
        if (i == n - 1 && (eulerAtFinal || few || clean)) {
            return 1;
        }
        return i == n - 2 && few ? Math.min(order, 2) : order;
    }

    /// Returns the moments of a step of that order.
    double[] moments(ExponentialStep step, int stepOrder) {
        double[] moments = step.moments(stepOrder);
        if (stepOrder == 2 && correction == Correction.MIDPOINT) {
            moments[1] = moments[0] / 2;
        }
        if (stepOrder == 3) {
            moments[2] += algorithm.surplus();
            moments[2] *= correction == Correction.EXACT ? 1 : 0.5;
        }
        return moments;
    }
}
