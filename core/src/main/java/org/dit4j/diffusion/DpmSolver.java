package org.dit4j.diffusion;

import org.dit4j.ConfigException;

/// DPM-Solver and DPM-Solver++ in several steps (Lu et al. 2022a and 2022b), and the samplers of
/// the matching stochastic equation; as `DPMSolverMultistepScheduler` of diffusers.
///
/// @param spacing the noise levels
/// @param prediction what the network predicts
/// @param limit for the predicted data
/// @param algorithm which equation is solved
/// @param order how many answers of the network a step uses, 1 to 3
/// @param correction how a step of order 2 uses the second
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

        /// Returns whether each step draws noise.
        public boolean stochastic() {
            return stochastic;
        }
    }

    /// How a step of order 2 uses the answer before the last.
    public enum Correction {
        /// As the midpoint method.
        MIDPOINT,
        /// As Heun's method.
        HEUN
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
        return on(TrainedLevels.of(training, TrainedLevels.Curve.TIMESTEPS, true), training);
    }

    /// Returns DPM-Solver++ (2M) on other noise levels.
    public static DpmSolver on(LevelSpacing levels, GaussianDiffusion training) {
        return new DpmSolver(
                levels,
                Prediction.of(training.target()),
                DataLimit.NONE,
                Algorithm.DPM_SOLVER_PP,
                2,
                Correction.MIDPOINT,
                true,
                false);
    }

    /// Returns the same method in another order.
    public DpmSolver ofOrder(int other) {
        return with(algorithm, other);
    }

    /// Returns the same method for another equation.
    public DpmSolver by(Algorithm other) {
        return with(other, order);
    }

    private DpmSolver with(Algorithm newAlgorithm, int newOrder) {
        return new DpmSolver(
                spacing,
                prediction,
                limit,
                newAlgorithm,
                newOrder,
                correction,
                lowerOrderFinal,
                eulerAtFinal);
    }

    @Override
    public Sampler steps(int steps) {
        NoiseLevels levels = spacing.levels(steps);
        ConfigException.require(
                algorithm.ofData() || levels.sigma().at(steps) > 0,
                "%s divides by the last noise level: it cannot end at 0 (final_sigmas_type zero)",
                algorithm);
        return new DpmSolverSampler(this, levels);
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
}
