package org.dit4j.diffusion;

import java.util.Optional;
import org.dit4j.checkpoint.JsonFields;

/// Reads the configurations of diffusers' schedulers for distilled networks: `LCMScheduler`,
/// `TCDScheduler` and `SCMScheduler`.
final class DistilledConfig {
    /// Keys of the first two that do nothing there.
    private static final String[] UNUSED = {"timestep_spacing", "steps_offset"};

    private DistilledConfig() {}

    static SchedulerConfig lcm(JsonFields f) {
        GaussianDiffusion training = training(f);
        DataLimit threshold = SchedulerConfig.limit(f);
        DataLimit clip = SchedulerConfig.clip(f, false);
        var sampler =
                new Consistency(
                        levels(f, training),
                        Prediction.of(training.target()),
                        threshold instanceof DataLimit.None ? clip : threshold,
                        new Consistency.Boundary(f.number("timestep_scaling", 10)),
                        1,
                        false);
        return SchedulerConfig.gaussian(SchedulerConfig.LCM, training, sampler);
    }

    static SchedulerConfig tcd(JsonFields f) {
        GaussianDiffusion training = training(f);
        // known to the class, but without effect
        SchedulerConfig.limit(f);
        f.number("timestep_scaling", 10);
        var sampler = Tcd.of(training, f.integer("original_inference_steps", 50));
        return SchedulerConfig.gaussian(SchedulerConfig.TCD, training, sampler);
    }

    static SchedulerConfig scm(JsonFields f) {
        f.require("prediction_type", "trigflow");
        f.integer("num_train_timesteps", 1000);
        var sampler =
                new Consistency(
                        AngleLevels.DEFAULT,
                        Prediction.V,
                        DataLimit.NONE,
                        Consistency.Boundary.NONE,
                        f.number("sigma_data", 0.5),
                        true);
        return new SchedulerConfig(
                SchedulerConfig.SCM, Optional.empty(), Optional.empty(), sampler);
    }

    private static GaussianDiffusion training(JsonFields f) {
        for (String key : UNUSED) {
            f.has(key);
        }
        return new GaussianDiffusion(
                SchedulerConfig.schedule(f, SchedulerConfig.SCALED_BETAS, true),
                SchedulerConfig.target(f),
                Variance.FIXED_SMALL);
    }

    private static DistilledLevels levels(JsonFields f, GaussianDiffusion training) {
        return new DistilledLevels(training.schedule(), f.integer("original_inference_steps", 50));
    }
}
