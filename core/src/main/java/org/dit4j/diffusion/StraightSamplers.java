package org.dit4j.diffusion;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.dit4j.ConfigException;
import org.dit4j.Suggestion;

/// The sampling methods for networks of a [StraightFlow], by the names that users give.
public final class StraightSamplers {
    private static final Map<String, Function<StraightFlow, SamplerFactory>> ALL = all();

    private StraightSamplers() {}

    /// Returns all names: `euler` and `heun`, which makes two calls a step; `euler-stochastic`,
    /// which goes to the data and back with fresh noise each time; `dpm++2m`, `dpm++3m`,
    /// `dpm++2m-sde`, `dpm++2s`, `deis` and `unipc` as in [Samplers]. A last word says how the
    /// noise levels are spread if not evenly.
    public static List<String> names() {
        return List.copyOf(ALL.keySet());
    }

    /// Returns the method of that name for a network that was trained with `flow`.
    ///
    /// @throws ConfigException if there is no such method
    public static SamplerFactory of(String name, StraightFlow flow) {
        var method = ALL.get(name);
        if (method == null) {
            throw new ConfigException(Suggestion.line("sampler", name, names()));
        }
        return method.apply(flow);
    }

    private static Map<String, Function<StraightFlow, SamplerFactory>> all() {
        var all = new LinkedHashMap<String, Function<StraightFlow, SamplerFactory>>();
        all.put("euler", f -> Euler.straight(matched(f, NoiseCurve.GIVEN)));
        all.put("euler-karras", f -> Euler.straight(matched(f, NoiseCurve.KARRAS)));
        all.put("euler-beta", f -> Euler.straight(matched(f, NoiseCurve.BETA)));
        all.put("euler-stochastic", f -> Consistency.straight(matched(f, NoiseCurve.GIVEN)));
        all.put("heun", f -> Heun.straight(matched(f, NoiseCurve.GIVEN)));
        all.put("dpm++2m", StraightSamplers::dpm);
        all.put("dpm++3m", f -> dpm(f).ofOrder(3));
        all.put("dpm++2m-sde", f -> dpm(f).by(DpmSolver.Algorithm.SDE_DPM_SOLVER_PP));
        all.put("dpm++2s", StraightSamplers::single);
        all.put("deis", f -> DpmSolver.deis(noisyEnd(f), Prediction.FLOW));
        all.put("unipc", f -> UniPc.on(on(f, FlowLevels.Grid.FROM_NOISE), Prediction.FLOW));
        return all;
    }

    private static FlowLevels on(StraightFlow flow, FlowLevels.Grid grid) {
        return FlowLevels.of(flow.trained(), grid, flow.shift());
    }

    private static FlowLevels matched(StraightFlow flow, NoiseCurve curve) {
        return on(flow, FlowLevels.Grid.TRAINED).spread(curve);
    }

    private static FlowLevels noisyEnd(StraightFlow flow) {
        return on(flow, FlowLevels.Grid.BELOW_NOISE).endingWithNoise();
    }

    private static DpmSolver dpm(StraightFlow flow) {
        return DpmSolver.on(on(flow, FlowLevels.Grid.BELOW_NOISE), Prediction.FLOW);
    }

    private static DpmSolverSingle single(StraightFlow flow) {
        return new DpmSolverSingle(
                on(flow, FlowLevels.Grid.BELOW_NOISE),
                Prediction.FLOW,
                DataLimit.NONE,
                DpmSolver.Algorithm.DPM_SOLVER_PP,
                2,
                true,
                true);
    }
}
