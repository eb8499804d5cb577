package org.dit4j.diffusion;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;

/// UniPC (Zhao et al. 2023; `UniPCMultistepScheduler` of diffusers): a multistep predictor, and a
/// corrector that goes over the step again once the network has answered at its end.
///
/// @param spacing the noise levels
/// @param prediction what the network predicts
/// @param limit for the predicted data; only where the equation is about them
/// @param ofData whether the equation is about the data; else it is about the noise
/// @param order how many answers a step uses, at least 1
/// @param weight B(h) of the paper, which only counts where one answer is left free
/// @param lowerOrderFinal whether the order falls to 1 towards the last step
/// @param uncorrected the steps, from 0 on, that are not gone over again
public record UniPc(
        LevelSpacing spacing,
        Prediction prediction,
        DataLimit limit,
        boolean ofData,
        int order,
        Weight weight,
        boolean lowerOrderFinal,
        Set<Integer> uncorrected)
        implements SamplerFactory {

    private static final int MOST_ORDER = 8;

    /// B(h) of the paper.
    public enum Weight {
        /// The length of the step.
        BH1,
        /// The moment of order 0, `e^h - 1`.
        BH2
    }

    /// Copies the set and checks the order.
    public UniPc {
        uncorrected = Set.copyOf(uncorrected);
        ConfigException.require(
                order >= 1 && order <= MOST_ORDER,
                "solver_order must be 1..%d, not %d",
                MOST_ORDER,
                order);
        ConfigException.require(
                ofData || limit instanceof DataLimit.None,
                "thresholding has no effect with predict_x0 false: leave it out");
    }

    /// Returns UniPC of second order with the defaults of diffusers.
    public static UniPc on(LevelSpacing levels, Prediction prediction) {
        return new UniPc(levels, prediction, DataLimit.NONE, true, 2, Weight.BH2, true, Set.of());
    }

    @Override
    public SamplerFactory on(UnaryOperator<LevelSpacing> change) {
        return new UniPc(
                change.apply(spacing),
                prediction,
                limit,
                ofData,
                order,
                weight,
                lowerOrderFinal,
                uncorrected);
    }

    @Override
    public Sampler steps(int steps) {
        NoiseLevels levels = spacing.levels(steps);
        DpmSolver.requireEnd(algorithm(), levels);
        ConfigException.require(
                lowerOrderFinal || order == 1 || steps == 1 || levels.sigma().at(steps) > 0,
                "lower_order_final false cannot end at 0 (final_sigmas_type zero)");
        return new Steps(this, levels);
    }

    private DpmSolver.Algorithm algorithm() {
        return ofData ? DpmSolver.Algorithm.DPM_SOLVER_PP : DpmSolver.Algorithm.DPM_SOLVER;
    }

    private int orderAt(int i, int n) {
        int most = lowerOrderFinal ? Math.min(order, n - i) : order;
        return Math.min(most, i + 1);
    }

    /// The moments of a step with `free` answers besides the first; one alone takes half of B(h).
    private double[] moments(ExponentialStep step, int free) {
        double[] moments = step.moments(free + 1);
        if (free == 1) {
            moments[1] = (weight == Weight.BH1 ? step.z() : moments[0]) / 2;
        }
        return moments;
    }

    /// The history holds the corrected sample at the level before and the answers up to there, the
    /// newest first.
    private record Steps(UniPc method, NoiseLevels levels) implements LeveledSampler {
        @Override
        public SamplerState next(SamplerState s, Tensor prediction, NoiseSource noise) {
            int i = s.call();
            var answer =
                    Answer.of(
                            method.prediction,
                            method.limit,
                            method.ofData,
                            prediction,
                            s.x(),
                            levels,
                            i);
            // a run that starts from data has no history at its first step
            boolean again = !s.history().isEmpty() && !method.uncorrected.contains(i - 1);
            Tensor x = again ? corrected(s.history(), answer.value(), i) : s.x();
            var answers = new ArrayList<Tensor>();
            answers.add(answer.value());
            answers.addAll(s.history().isEmpty() ? List.of() : tail(s.history()));
            int order = Math.min(method.orderAt(i, calls()), answers.size());
            var step = ExponentialStep.of(method.algorithm(), levels, i, i + 1);
            double[] tau = Table.of(order, k -> step.tau(levels, i, i - k)).values();
            Tensor next = step.take(x, tau, answers, method.moments(step, order - 1));
            var kept = new ArrayList<Tensor>();
            kept.add(x);
            kept.addAll(answers.subList(0, Math.min(answers.size(), method.order)));
            return s.after(next, kept, answer.x0());
        }

        /// Takes the step to level i again, with the answer there.
        private Tensor corrected(List<Tensor> history, Tensor answer, int i) {
            int order = Math.min(method.orderAt(i - 1, calls()), history.size() - 1);
            var step = ExponentialStep.of(method.algorithm(), levels, i - 1, i);
            double[] tau =
                    Table.of(order + 1, k -> k == order ? 1 : step.tau(levels, i - 1, i - 1 - k))
                            .values();
            var answers = new ArrayList<>(tail(history).subList(0, order));
            answers.add(answer);
            return step.take(history.getFirst(), tau, answers, method.moments(step, order));
        }

        private static List<Tensor> tail(List<Tensor> history) {
            return history.subList(1, history.size());
        }
    }
}
