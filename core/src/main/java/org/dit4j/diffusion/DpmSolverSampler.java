package org.dit4j.diffusion;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Shapes;

/// A run of [DpmSolver] in a fixed number of steps. The history holds the converted answers before
/// the last, the newest first.
///
/// @param method all but the number of steps
/// @param levels the noise levels
public record DpmSolverSampler(DpmSolver method, NoiseLevels levels) implements LeveledSampler {
    @Override
    public SamplerState next(SamplerState s, Tensor prediction, NoiseSource noise) {
        Tensor x = s.x();
        int i = s.call();
        boolean ofData = method.algorithm().ofData();
        var answer =
                Answer.of(method.prediction(), method.limit(), ofData, prediction, x, levels, i);
        var answers = new ArrayList<Tensor>();
        answers.add(answer.value());
        answers.addAll(s.history());
        boolean clean = levels.sigma().at(calls()) == 0;
        int order = Math.min(method.orderAt(i, calls(), clean), answers.size());
        var step = ExponentialStep.of(method.algorithm(), levels, i, i + 1);
        double[] tau = Table.of(order, k -> step.tau(levels, i, i - k)).values();
        Tensor next = step.take(x, tau, answers, method.moments(step, order));
        if (method.algorithm().stochastic()) {
            next = Ops.addScaled(next, Ops.like(noise.normal(Shapes.of(x)), x), step.noise());
        }
        List<Tensor> kept = answers.subList(0, Math.min(answers.size(), method.order() - 1));
        return s.after(next, kept, answer.x0());
    }
}
