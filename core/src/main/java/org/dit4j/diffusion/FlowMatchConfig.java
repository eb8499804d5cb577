package org.dit4j.diffusion;

import java.util.Optional;
import java.util.OptionalDouble;
import org.dit4j.checkpoint.JsonFields;

/// Reads the configurations of diffusers' `FlowMatchEulerDiscreteScheduler` and
/// `FlowMatchHeunDiscreteScheduler`.
final class FlowMatchConfig {
    private FlowMatchConfig() {}

    static SchedulerConfig euler(JsonFields f) {
        int trained = f.integer("num_train_timesteps", 1000);
        FlowShift shift = shift(f);
        boolean inverted = f.flag("invert_sigmas", false);
        var levels =
                new FlowLevels(
                        trained,
                        FlowLevels.Grid.TRAINED,
                        shift,
                        f.number("shift_terminal", 0),
                        SolverLevels.curve(f, false),
                        inverted,
                        OptionalDouble.of(inverted ? 1 : 0));
        SamplerFactory sampler =
                f.flag("stochastic_sampling", false)
                        ? Consistency.straight(levels)
                        : Euler.straight(levels);
        return config(SchedulerConfig.FLOW_EULER, new StraightFlow(trained, shift), sampler);
    }

    static SchedulerConfig heun(JsonFields f) {
        int trained = f.integer("num_train_timesteps", 1000);
        var shift = new FlowShift.Fixed(f.number("shift", 1));
        var levels = FlowLevels.of(trained, FlowLevels.Grid.TRAINED, shift);
        return config(
                SchedulerConfig.FLOW_HEUN, new StraightFlow(trained, shift), Heun.straight(levels));
    }

    private static FlowShift shift(JsonFields f) {
        f.require("time_shift_type", "exponential", "linear");
        boolean exponential = f.text("time_shift_type", "exponential").equals("exponential");
        var fixed = new FlowShift.Fixed(f.number("shift", 1));
        FlowShift.Line usual = FlowShift.Line.DEFAULT;
        var line =
                new FlowShift.Line(
                        f.number("base_shift", usual.base()),
                        f.number("max_shift", usual.most()),
                        f.integer("base_image_seq_len", usual.baseTokens()),
                        f.integer("max_image_seq_len", usual.mostTokens()));
        return f.flag("use_dynamic_shifting", false)
                ? new FlowShift.BySize(exponential, line, OptionalDouble.empty())
                : fixed;
    }

    private static SchedulerConfig config(String name, StraightFlow flow, SamplerFactory sampler) {
        return new SchedulerConfig(name, Optional.empty(), Optional.of(flow), sampler);
    }
}
