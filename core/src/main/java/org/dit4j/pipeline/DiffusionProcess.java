package org.dit4j.pipeline;

import java.util.Arrays;
import java.util.Locale;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.diffusion.FlowMatching;
import org.dit4j.diffusion.FlowSamplers;
import org.dit4j.diffusion.FlowTarget;
import org.dit4j.diffusion.Guidance;
import org.dit4j.diffusion.Interpolant;
import org.dit4j.diffusion.SamplerFactory;
import org.dit4j.diffusion.Samplers;
import org.dit4j.diffusion.SchedulerConfig;
import org.dit4j.diffusion.StraightFlow;
import org.dit4j.diffusion.StraightSamplers;
import org.dit4j.diffusion.Target;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// What a network was trained on, which decides how it can be sampled from.
public sealed interface DiffusionProcess {
    /// Returns a sampling method.
    ///
    /// @param name see [Samplers], [StraightSamplers] and [FlowSamplers]; empty for the method that
    ///   the model's folder names
    /// @param tokens how many tokens the network makes of a sample; the shift of some models
    ///   depends on it
    /// @throws ConfigException if the process has no such method
    SamplerFactory sampler(String name, long tokens);

    /// Returns the times of the network between two noise levels, from 0, the data, to 1, the
    /// noise, on the time axis of training.
    Guidance.Interval times(double from, double to);

    /// Reads `scheduler_config.json`.
    ///
    /// @param where the file it came from, for messages
    static DiffusionProcess parse(JsonNode json, Object where) {
        if (json.path("_class_name").asString("").equals(Flow.CLASS)) {
            var path = Flow.named(json, "path", Interpolant.values(), where);
            var target = Flow.named(json, "prediction", FlowTarget.values(), where);
            return new Flow(FlowMatching.of(path, target), json);
        }
        return new Gaussian(SchedulerConfig.parse(json, where), json);
    }

    /// Returns flow matching, to be sampled from with Heun's method.
    static DiffusionProcess flow(FlowMatching flow) {
        ObjectNode json = JsonFile.mapper().createObjectNode();
        json.put("_class_name", Flow.CLASS);
        json.put("path", flow.path().name().toLowerCase(Locale.ROOT));
        json.put("prediction", flow.target().name().toLowerCase(Locale.ROOT));
        return new Flow(flow, json);
    }

    /// Returns Gaussian diffusion in 1000 steps as DiT trains it, to be sampled from with
    /// DPM-Solver++ of second order.
    ///
    /// @param betaSchedule `linear` (from 0.0001 to 0.02) or `squaredcos_cap_v2`
    /// @param target what the network predicts
    static DiffusionProcess gaussian(String betaSchedule, Target target) {
        ObjectNode json = JsonFile.mapper().createObjectNode();
        json.put("_class_name", "DPMSolverMultistepScheduler");
        json.put("num_train_timesteps", 1000);
        json.put("beta_start", 0.0001);
        json.put("beta_end", 0.02);
        json.put("beta_schedule", betaSchedule);
        json.put(
                "prediction_type",
                switch (target) {
                    case EPSILON -> "epsilon";
                    case X0 -> "sample";
                    case V -> "v_prediction";
                });
        json.put("algorithm_type", "dpmsolver++");
        json.put("solver_order", 2);
        json.put("solver_type", "midpoint");
        json.put("timestep_spacing", "linspace");
        json.put("final_sigmas_type", "zero");
        return parse(json, "process");
    }

    /// Returns what [#parse] reads.
    JsonNode json();

    /// Gaussian diffusion, or a flow as diffusers knows it.
    ///
    /// @param scheduler as diffusers describes it
    /// @param json what it was read from
    record Gaussian(SchedulerConfig scheduler, JsonNode json) implements DiffusionProcess {
        @Override
        public Guidance.Interval times(double from, double to) {
            double last = scheduler.lastTime();
            return from == 0 && to == 1
                    ? Guidance.Interval.ALL
                    : new Guidance.Interval(from * last, to * last);
        }

        @Override
        public SamplerFactory sampler(String name, long tokens) {
            if (name.isEmpty()) {
                return scheduler.sampler(tokens);
            }
            if (scheduler.flow().isPresent()) {
                StraightFlow flow = scheduler.flow().get();
                return flow.sized(StraightSamplers.of(name, flow), tokens);
            }
            return Samplers.of(
                    name,
                    scheduler
                            .training()
                            .orElseThrow(() ->
                                    new ConfigException(
                                            "a model with %s can only be sampled with that, not with %s"
                                                    .formatted(scheduler.className(), name))));
        }
    }

    /// Flow matching, with time from 0, noise, to 1, data, as SiT counts it. No class of diffusers
    /// describes that, so the file names a class of this library.
    ///
    /// @param flow the process
    /// @param json what it was read from
    record Flow(FlowMatching flow, JsonNode json) implements DiffusionProcess {
        private static final String CLASS = "FlowMatching";

        @Override
        public Guidance.Interval times(double from, double to) {
            return from == 0 && to == 1
                    ? Guidance.Interval.ALL
                    : new Guidance.Interval(1 - to, 1 - from);
        }

        @Override
        public SamplerFactory sampler(String name, long tokens) {
            return FlowSamplers.of(name.isEmpty() ? "heun" : name, flow);
        }

        private static <E extends Enum<E>> E named(
                JsonNode json, String key, E[] known, Object where) {
            String name = json.path(key).asString("");
            for (E one : known) {
                if (one.name().toLowerCase(Locale.ROOT).equals(name)) {
                    return one;
                }
            }
            throw new ConfigException(
                    "%s: %s must be one of %s, in lower case, not \"%s\""
                            .formatted(where, key, Arrays.toString(known), name));
        }
    }
}
