package org.dit4j.diffusion;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.tensor.Ops;

/// The stochastic DPM-Solver++ in several steps (Lu et al. 2022b) for networks that see the sample
/// divided by its size, `x / sqrt(sigma^2 + d^2)`, and answer with the velocity of that (Karras et
/// al. 2022, section 5; `CosineDPMSolverMultistepScheduler` of diffusers).
///
/// @param spacing the noise levels
/// @param dataSize standard deviation d of the data
/// @param answer what the network predicts
/// @param order how many answers of the network a step uses, 1 or 2
/// @param correction how a step uses the answer before the last
/// @param lowerOrderFinal whether the last step of a run of fewer than 15 has order 1
/// @param eulerAtFinal whether the last step has order 1 in any case
public record CosineDpmSolver(
        CosineLevels spacing,
        double dataSize,
        Answering answer,
        int order,
        DpmSolver.Correction correction,
        boolean lowerOrderFinal,
        boolean eulerAtFinal)
        implements SamplerFactory {
    /// What the network predicts of a sample of size 1.
    public enum Answering {
        /// The velocity, noise less data.
        VELOCITY(-1),
        /// The same with the other sign, which diffusers calls `epsilon`.
        NEGATED(1);

        private final int sign;

        Answering(int sign) {
            this.sign = sign;
        }
    }

    /// Checks the numbers.
    public CosineDpmSolver {
        ConfigException.require(
                order == 1 || order == 2, "solver_order must be 1 or 2, not %d", order);
        ConfigException.require(dataSize > 0, "sigma_data must be above 0, not %s", dataSize);
        ConfigException.require(
                spacing.least() > 0 && spacing.most() > spacing.least(),
                "sigma_min %s must be above 0 and below sigma_max %s",
                spacing.least(),
                spacing.most());
    }

    @Override
    public Sampler steps(int steps) {
        var solver =
                new DpmSolver(
                        spacing,
                        Prediction.X0,
                        DataLimit.NONE,
                        DpmSolver.Algorithm.SDE_DPM_SOLVER_PP,
                        order,
                        correction,
                        lowerOrderFinal,
                        eulerAtFinal);
        return new Run(this, new DpmSolverSampler(solver, spacing.levels(steps)));
    }

    /// A run in a fixed number of steps.
    ///
    /// @param method all but the number of steps
    /// @param solver makes the steps, of predictions of the data
    private record Run(CosineDpmSolver method, DpmSolverSampler solver) implements LeveledSampler {
        @Override
        public NoiseLevels levels() {
            return solver.levels();
        }

        @Override
        public SamplerState start(Tensor noise) {
            return SamplerState.first(Ops.mul(noise, Math.hypot(method.spacing.most(), 1)));
        }

        @Override
        public Tensor modelInput(SamplerState s) {
            return Ops.div(s.x(), size(s));
        }

        @Override
        public SamplerState next(SamplerState s, Tensor prediction, NoiseSource noise) {
            double d = method.dataSize;
            double size = size(s);
            Tensor kept = Ops.mul(s.x(), d * d / (size * size));
            double share = method.answer.sign * sigma(s) * d / size;
            Tensor data = Ops.addScaled(kept, Prediction.mean(prediction, s.x()), share);
            return solver.next(s, data, noise);
        }

        private double sigma(SamplerState s) {
            return levels().sigma().at(s.call());
        }

        /// The standard deviation of the sample.
        private double size(SamplerState s) {
            return Math.hypot(sigma(s), method.dataSize);
        }
    }
}
