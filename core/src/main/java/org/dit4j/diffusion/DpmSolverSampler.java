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
public record DpmSolverSampler(DpmSolver method, NoiseLevels levels) implements Sampler {
    @Override
    public int calls() {
        return levels.timesteps().size();
    }

    @Override
    public SamplerState start(Tensor noise) {
        return SamplerState.first(noise);
    }

    @Override
    public Tensor modelInput(SamplerState s) {
        return s.x();
    }

    @Override
    public double timestep(SamplerState s) {
        return levels.timesteps().at(s.call());
    }

    @Override
    public SamplerState next(SamplerState s, Tensor prediction, NoiseSource noise) {
        Tensor x = s.x();
        double alpha = levels.alpha().at(s.call());
        double sigma = levels.sigma().at(s.call());
        Tensor mean = Prediction.mean(prediction, x);
        Tensor x0 = method.limit().apply(method.prediction().data(mean, x, alpha, sigma));
        var answers = new ArrayList<Tensor>();
        answers.add(method.algorithm().ofData() ? x0 : noise(mean, x0, x, alpha, sigma));
        answers.addAll(s.history());
        int n = calls();
        boolean clean = levels.sigma().at(n) == 0;
        int order = Math.min(method.orderAt(s.call(), n, clean), answers.size());
        var step = DpmSolverStep.of(method, levels, s.call(), order);
        Tensor next = step.take(x, answers.subList(0, order));
        if (method.algorithm().stochastic()) {
            next = Ops.addScaled(next, Ops.like(noise.normal(Shapes.of(x)), x), step.noise());
        }
        List<Tensor> kept = answers.subList(0, Math.min(answers.size(), method.order() - 1));
        return s.after(next, kept, x0);
    }

    private Tensor noise(Tensor mean, Tensor x0, Tensor x, double alpha, double sigma) {
        return method.limit() instanceof DataLimit.None
                ? method.prediction().noise(mean, x, alpha, sigma)
                : Prediction.noiseOf(x0, x, alpha, sigma);
    }
}
