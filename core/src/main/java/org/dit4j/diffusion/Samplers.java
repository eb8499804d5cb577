package org.dit4j.diffusion;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.dit4j.ConfigException;
import org.dit4j.Suggestion;

/// The sampling methods for networks of Gaussian diffusion, by the names that users give.
public final class Samplers {
    /// How many steps the solver takes that networks are distilled from (Luo et al. 2023).
    private static final int DISTILLED_STEPS = 50;

    private static final Map<String, Function<GaussianDiffusion, SamplerFactory>> ALL = all();

    private Samplers() {}

    /// Returns all names: `ddpm` and `ddim` as the original DiT code has them; [DpmSolver] and
    /// [DpmSolverSingle] as `dpm` or `dpm++`, the order with `m` for multistep and `s` for single
    /// steps, and `sde` for the stochastic equation; `deis`, `unipc`, `euler`, `euler-a`
    /// (ancestral) and `heun`, which makes two calls a step; `lcm` and `tcd` for distilled
    /// networks. A last word says how the noise levels are spread if not by timesteps.
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
        all.put("dpm++2m-karras", d -> dpm(d, NoiseCurve.KARRAS));
        all.put("dpm++2m-exponential", d -> dpm(d, NoiseCurve.EXPONENTIAL));
        all.put("dpm++2m-beta", d -> dpm(d, NoiseCurve.BETA));
        all.put("dpm++2m-lu", Samplers::uniformLambdas);
        all.put("dpm++3m", d -> DpmSolver.secondOrder(d).ofOrder(3));
        all.put("dpm++3m-karras", d -> dpm(d, NoiseCurve.KARRAS).ofOrder(3));
        all.put("dpm++2m-sde", d -> sde(DpmSolver.secondOrder(d)));
        all.put("dpm++2m-sde-karras", d -> sde(dpm(d, NoiseCurve.KARRAS)));
        all.put("dpm++2s", d -> DpmSolverSingle.of(d, 2));
        all.put("dpm++3s", d -> DpmSolverSingle.of(d, 3));
        all.put("dpm2m", d -> noiseForm(d, 2));
        all.put("dpm3m", d -> noiseForm(d, 3));
        all.put("deis", d -> DpmSolver.deis(noisyEnd(d), prediction(d)));
        all.put("unipc", d -> UniPc.on(open(d, NoiseCurve.GIVEN), prediction(d)));
        all.put("unipc-karras", d -> UniPc.on(open(d, NoiseCurve.KARRAS), prediction(d)));
        all.put("euler", d -> Euler.scaled(closed(d, NoiseCurve.GIVEN), prediction(d)));
        all.put("euler-karras", d -> Euler.scaled(closed(d, NoiseCurve.KARRAS), prediction(d)));
        all.put("euler-beta", d -> Euler.scaled(closed(d, NoiseCurve.BETA), prediction(d)));
        all.put("euler-a", Samplers::ancestral);
        all.put("heun", d -> Heun.scaled(closed(d, NoiseCurve.GIVEN), prediction(d)));
        all.put("heun-karras", d -> Heun.scaled(closed(d, NoiseCurve.KARRAS), prediction(d)));
        all.put("lcm", d -> Consistency.distilled(d, DISTILLED_STEPS));
        all.put("tcd", d -> Tcd.of(d, DISTILLED_STEPS));
        return all;
    }

    private static GaussianDiffusion respaced(GaussianDiffusion training, int steps) {
        return training.respaced(String.valueOf(steps));
    }

    private static Prediction prediction(GaussianDiffusion training) {
        return Prediction.of(training.target());
    }

    private static TrainedLevels open(GaussianDiffusion training, NoiseCurve curve) {
        return TrainedLevels.of(training, curve, TrainedLevels.End.DATA);
    }

    private static TrainedLevels closed(GaussianDiffusion training, NoiseCurve curve) {
        return TrainedLevels.closed(training, curve);
    }

    /// The form in terms of the noise cannot end without noise.
    private static TrainedLevels noisyEnd(GaussianDiffusion training) {
        return TrainedLevels.of(training, NoiseCurve.GIVEN, TrainedLevels.End.TRAINED);
    }

    private static DpmSolver dpm(GaussianDiffusion training, NoiseCurve curve) {
        return DpmSolver.on(open(training, curve), prediction(training));
    }

    private static DpmSolver uniformLambdas(GaussianDiffusion training) {
        var levels =
                new TrainedLevels(
                        training.schedule(),
                        NoiseCurve.EXPONENTIAL,
                        new Timesteps(Timesteps.Spacing.LINSPACE, 0),
                        TrainedLevels.Range.OPEN,
                        TrainedLevels.Times.NEAREST,
                        TrainedLevels.End.DATA);
        return DpmSolver.on(levels, prediction(training));
    }

    private static DpmSolver noiseForm(GaussianDiffusion training, int order) {
        return DpmSolver.on(noisyEnd(training), prediction(training))
                .by(DpmSolver.Algorithm.DPM_SOLVER)
                .ofOrder(order);
    }

    private static DpmSolver sde(DpmSolver method) {
        return method.by(DpmSolver.Algorithm.SDE_DPM_SOLVER_PP);
    }

    private static EulerAncestral ancestral(GaussianDiffusion training) {
        return new EulerAncestral(
                closed(training, NoiseCurve.GIVEN), prediction(training), Frame.SCALED);
    }
}
