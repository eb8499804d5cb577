package org.dit4j.diffusion;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.dit4j.ConfigException;
import org.dit4j.Suggestion;

/// The sampling methods for networks of Gaussian diffusion, by the names that users give.
public final class Samplers {
    private static final Map<String, Function<GaussianDiffusion, SamplerFactory>> ALL = all();

    private Samplers() {}

    /// Returns all names: `ddpm` and `ddim` as the original DiT code has them, the others
    /// [DpmSolver]: `dpm` or `dpm++`, the order with `m` for multistep, `sde` for the stochastic
    /// equation, and how the noise levels are spread if not by timesteps.
    public static List<String> names() {
        return List.copyOf(ALL.keySet());
    }

    /// Returns the method of that name for a network that was trained with `training`.
    ///
    /// @throws ConfigException if there is no such method
    public static SamplerFactory of(String name, GaussianDiffusion training) {
        var method = ALL.get(name);
        if (method == null) {
            throw new ConfigException(Suggestion.line("sampler", name, names()));
        }
        SamplerFactory factory = method.apply(training);
        return steps -> {
            Timesteps.requireSteps(training.steps(), steps);
            return factory.steps(steps);
        };
    }

    private static Map<String, Function<GaussianDiffusion, SamplerFactory>> all() {
        var all = new LinkedHashMap<String, Function<GaussianDiffusion, SamplerFactory>>();
        all.put("ddpm", d -> steps -> DdpmSampler.of(respaced(d, steps), false));
        all.put("ddim", d -> steps -> DdimSampler.of(respaced(d, steps), 0, false));
        all.put("dpm++1", d -> DpmSolver.secondOrder(d).ofOrder(1));
        all.put("dpm++2m", DpmSolver::secondOrder);
        all.put("dpm++2m-karras", d -> spread(d, TrainedLevels.Curve.KARRAS));
        all.put("dpm++2m-exponential", d -> spread(d, TrainedLevels.Curve.EXPONENTIAL));
        all.put("dpm++2m-lu", d -> spread(d, TrainedLevels.Curve.UNIFORM_LAMBDA));
        all.put("dpm++3m", d -> DpmSolver.secondOrder(d).ofOrder(3));
        all.put("dpm++3m-karras", d -> spread(d, TrainedLevels.Curve.KARRAS).ofOrder(3));
        all.put("dpm++2m-sde", d -> sde(DpmSolver.secondOrder(d)));
        all.put("dpm++2m-sde-karras", d -> sde(spread(d, TrainedLevels.Curve.KARRAS)));
        all.put("dpm2m", d -> noiseForm(d, 2));
        all.put("dpm3m", d -> noiseForm(d, 3));
        return all;
    }

    private static GaussianDiffusion respaced(GaussianDiffusion training, int steps) {
        return training.respaced(String.valueOf(steps));
    }

    private static DpmSolver spread(GaussianDiffusion training, TrainedLevels.Curve curve) {
        return DpmSolver.on(TrainedLevels.of(training, curve, true), training);
    }

    /// The form in terms of the noise cannot end without noise.
    private static DpmSolver noiseForm(GaussianDiffusion training, int order) {
        var levels = TrainedLevels.of(training, TrainedLevels.Curve.TIMESTEPS, false);
        return DpmSolver.on(levels, training).by(DpmSolver.Algorithm.DPM_SOLVER).ofOrder(order);
    }

    private static DpmSolver sde(DpmSolver method) {
        return method.by(DpmSolver.Algorithm.SDE_DPM_SOLVER_PP);
    }
}
