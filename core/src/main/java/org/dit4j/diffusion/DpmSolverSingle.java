package org.dit4j.diffusion;

import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Shapes;

/// DPM-Solver and DPM-Solver++ in single steps: blocks of `order` calls in which the sample goes
/// ahead by one call, two and so on, each time from the beginning of the block (Lu et al. 2022a,
/// algorithms 1 and 2; `DPMSolverSinglestepScheduler` of diffusers).
///
/// @param spacing the noise levels
/// @param prediction what the network predicts
/// @param limit for the predicted data
/// @param algorithm which equation is solved
/// @param order the calls of a block, 1 to 3
/// @param midpoint whether order 2 is the midpoint method and order 3 goes without the answer in
///   the middle; else each integrates the polynomial through all answers of its block
/// @param lowerOrderFinal whether the last call is a block of its own, as it is in any case where
///   the run ends at 0
public record DpmSolverSingle(
        LevelSpacing spacing,
        Prediction prediction,
        DataLimit limit,
        DpmSolver.Algorithm algorithm,
        int order,
        boolean midpoint,
        boolean lowerOrderFinal)
        implements SamplerFactory {

    /// Checks the order.
    public DpmSolverSingle {
        ConfigException.require(
                order >= 1 && order <= 3, "solver_order must be 1..3, not %d", order);
        ConfigException.require(
                algorithm != DpmSolver.Algorithm.SDE_DPM_SOLVER,
                "sde-dpmsolver does not exist in single steps: use sde-dpmsolver++");
    }

    /// Returns DPM-Solver++ (2S), or another order.
    public static DpmSolverSingle of(GaussianDiffusion training, int order) {
        return new DpmSolverSingle(
                TrainedLevels.of(training, NoiseCurve.GIVEN, TrainedLevels.End.DATA),
                Prediction.of(training.target()),
                DataLimit.NONE,
                DpmSolver.Algorithm.DPM_SOLVER_PP,
                order,
                true,
                true);
    }

    @Override
    public SamplerFactory on(UnaryOperator<LevelSpacing> change) {
        return new DpmSolverSingle(
                change.apply(spacing),
                prediction,
                limit,
                algorithm,
                order,
                midpoint,
                lowerOrderFinal);
    }

    @Override
    public Sampler steps(int steps) {
        NoiseLevels levels = spacing.levels(steps);
        DpmSolver.requireEnd(algorithm, levels);
        return new Steps(this, levels);
    }

    /// Returns how many calls of its block there are up to call `i` of `n`, itself included.
    ///
    /// @param clean whether the last level has no noise
    int orderAt(int i, int n, boolean clean) {
        // a whole last block gives up its last call, which is then one of its own
        boolean alone = clean || (lowerOrderFinal && n % order == 0);
        return i == n - 1 && alone ? 1 : i % order + 1;
    }

    private double[] moments(ExponentialStep step, int stepOrder) {
        double[] moments = step.moments(stepOrder);
        if (stepOrder == 2 && midpoint) {
            moments[1] = moments[0] / 2;
        }
        if (stepOrder == 3) {
            moments[2] += algorithm.surplus();
        }
        return moments;
    }

    /// The history holds the sample at the beginning of the block and the answers from there on.
    private record Steps(DpmSolverSingle method, NoiseLevels levels) implements LeveledSampler {
        @Override
        public Tensor noised(Tensor data, Tensor noise, int call) {
            throw new ConfigException(
                    "a single-step DPM-Solver takes its steps in blocks and cannot start from a"
                            + " picture; the multistep ones can");
        }

        @Override
        public SamplerState next(SamplerState s, Tensor prediction, NoiseSource noise) {
            Tensor x = s.x();
            int i = s.call();
            int order = method.orderAt(i, calls(), levels.sigma().at(calls()) == 0);
            var answer =
                    Answer.of(
                            method.prediction,
                            method.limit,
                            method.algorithm.ofData(),
                            prediction,
                            x,
                            levels,
                            i);
            List<Tensor> block = new ArrayList<>(order == 1 ? List.of(x) : s.history());
            block.add(answer.value());
            Tensor next = advanced(block, i - order + 1, i + 1);
            if (method.algorithm.stochastic()) {
                Tensor draw = Ops.like(noise.normal(Shapes.of(x)), x);
                int start = i - order + 1;
                double std = ExponentialStep.of(method.algorithm, levels, start, i + 1).noise();
                next = Ops.addScaled(next, draw, std);
            }
            return s.after(next, block, answer.x0());
        }

        private Tensor advanced(List<Tensor> block, int from, int to) {
            var step = ExponentialStep.of(method.algorithm, levels, from, to);
            List<Tensor> answers = block.subList(1, block.size());
            double[] tau = Table.of(answers.size(), k -> step.tau(levels, from, from + k)).values();
            if (answers.size() == 3 && method.midpoint) {
                return step.take(
                        block.getFirst(),
                        new double[] {0, tau[2]},
                        List.of(answers.getFirst(), answers.getLast()),
                        step.moments(2));
            }
            return step.take(block.getFirst(), tau, answers, method.moments(step, answers.size()));
        }
    }
}
