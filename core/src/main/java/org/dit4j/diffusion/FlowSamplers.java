package org.dit4j.diffusion;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.dit4j.ConfigException;
import org.dit4j.Suggestion;

/// The sampling methods for networks of flow matching, by the names that users give.
public final class FlowSamplers {
    private static final FlowLevels LEVELS =
            FlowLevels.of(10_000, FlowLevels.Grid.FROM_NOISE, FlowShift.Fixed.NONE);

    private static final Map<String, Function<FlowMatching, SamplerFactory>> ALL = all();

    private FlowSamplers() {}

    /// Returns all names: `euler`, `midpoint`, `heun`, `heun3` and `rk4` solve the ordinary
    /// equation in steps of one size, of 1, 2, 2, 3 and 4 calls; `dopri5` chooses its steps by the
    /// tolerances of SiT and not by the number that it is given; `sde` and `sde-heun` add noise.
    /// `dpm++2m`, `dpm++3m` and `unipc` are for the linear path, of one call a step.
    public static List<String> names() {
        return List.copyOf(ALL.keySet());
    }

    /// Returns the method of that name for a network that was trained with `flow`.
    ///
    /// @throws ConfigException if there is no such method
    public static SamplerFactory of(String name, FlowMatching flow) {
        var method = ALL.get(name);
        if (method == null) {
            throw new ConfigException(Suggestion.line("sampler", name, names()));
        }
        SamplerFactory factory = method.apply(flow);
        return steps -> {
            ConfigException.require(
                    steps >= 1 && steps <= 10_000, "steps must be 1 to 10000, not %d", steps);
            return factory.steps(steps);
        };
    }

    private static Map<String, Function<FlowMatching, SamplerFactory>> all() {
        var all = new LinkedHashMap<String, Function<FlowMatching, SamplerFactory>>();
        all.put("euler", f -> fixed(f, RungeKutta.EULER));
        all.put("midpoint", f -> fixed(f, RungeKutta.MIDPOINT));
        all.put("heun", f -> fixed(f, RungeKutta.HEUN2));
        all.put("heun3", f -> fixed(f, RungeKutta.HEUN3));
        all.put("rk4", f -> fixed(f, RungeKutta.RK4));
        all.put("dopri5", f -> steps -> new FlowOde(f, Dopri5.of(f.odeSpan(), 1e-3, 1e-6)));
        all.put("sde", FlowSde::of);
        all.put("sde-heun", f -> FlowSde.of(f).by(FlowSde.Method.HEUN));
        all.put("dpm++2m", f -> new FlowSolver(f, DpmSolver.on(LEVELS, Prediction.FLOW)));
        all.put(
                "dpm++3m",
                f -> new FlowSolver(f, DpmSolver.on(LEVELS, Prediction.FLOW).ofOrder(3)));
        all.put("unipc", f -> new FlowSolver(f, UniPc.on(LEVELS, Prediction.FLOW)));
        return all;
    }

    private static SamplerFactory fixed(FlowMatching flow, RungeKutta method) {
        return steps -> new FlowOde(flow, FixedGrid.of(method, flow.odeSpan(), steps));
    }
}
