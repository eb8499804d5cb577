package org.dit4j.pipeline;

import org.dit4j.ConfigException;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.diffusion.SamplerFactory;
import org.dit4j.diffusion.Samplers;
import org.dit4j.diffusion.SchedulerConfig;
import org.dit4j.diffusion.Target;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// What a network was trained on, which decides how it can be sampled from.
public sealed interface DiffusionProcess {
    /// Returns a sampling method.
    ///
    /// @param name see [Samplers]; empty for the method that the model's folder names
    /// @throws ConfigException if the process has no such method
    SamplerFactory sampler(String name);

    /// Reads `scheduler_config.json`.
    ///
    /// @param where the file it came from, for messages
    static DiffusionProcess parse(JsonNode json, Object where) {
        return new Gaussian(SchedulerConfig.parse(json, where), json);
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

    /// Gaussian diffusion.
    ///
    /// @param scheduler as diffusers describes it
    /// @param json what it was read from
    record Gaussian(SchedulerConfig scheduler, JsonNode json) implements DiffusionProcess {
        @Override
        public SamplerFactory sampler(String name) {
            if (name.isEmpty()) {
                return scheduler.sampler();
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
}
