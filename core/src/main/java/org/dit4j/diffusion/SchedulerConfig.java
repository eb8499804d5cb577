package org.dit4j.diffusion;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.JsonFields;
import org.dit4j.checkpoint.JsonFile;
import tools.jackson.databind.JsonNode;

/// What a `scheduler_config.json` of diffusers says: the process that a network was trained with
/// and the method to sample with. Missing keys have the defaults of diffusers.
///
/// @param className such as `DDIMScheduler`
/// @param training the process of training; empty where it is no Gaussian diffusion but a flow
/// @param sampler the method, for any number of steps
public record SchedulerConfig(
        String className, Optional<GaussianDiffusion> training, SamplerFactory sampler) {
    static final String DDPM = "DDPMScheduler";
    static final String DDIM = "DDIMScheduler";
    static final String DPM_SOLVER = "DPMSolverMultistepScheduler";

    /// Keys that say nothing about the method, and keys of other methods that files still carry
    /// after a change of the class; diffusers passes over them too.
    private static final List<String> WITHOUT_EFFECT =
            List.of(
                    "_class_name",
                    "_diffusers_version",
                    "_name_or_path",
                    "clip_sample",
                    "clip_sample_range",
                    "interpolation_type",
                    "set_alpha_to_one",
                    "skip_prk_steps");

    /// Reads a file.
    ///
    /// @throws ConfigException in one line with the file and the key; also for a class or an option
    ///   that there is no code for
    public static SchedulerConfig read(Path file) {
        return parse(JsonFile.treeOfPython(file), file);
    }

    /// Reads a tree.
    ///
    /// @param where the file it came from, for messages
    public static SchedulerConfig parse(JsonNode json, Object where) {
        return as(new JsonFields(json, where).text("_class_name"), json, where);
    }

    /// Reads a tree as if it named another class, which is how diffusers changes the method of a
    /// pipeline (`from_config`); keys that the other class lacks are then passed over.
    ///
    /// @param className such as `DPMSolverMultistepScheduler`
    public static SchedulerConfig as(String className, JsonNode json, Object where) {
        var fields = new JsonFields(json, where);
        SchedulerConfig config =
                switch (className) {
                    case DDPM -> ddpm(fields);
                    case DDIM -> ddim(fields);
                    case DPM_SOLVER -> DpmSolverConfig.read(fields);
                    default ->
                            throw new ConfigException(
                                    "%s: _class_name must be %s, %s or %s but is %s"
                                            .formatted(where, DDPM, DDIM, DPM_SOLVER, className));
                };
        if (className.equals(fields.text("_class_name", ""))) {
            WITHOUT_EFFECT.forEach(fields::has);
            fields.noOthers();
        }
        return config;
    }

    private static SchedulerConfig ddpm(JsonFields f) {
        f.require(
                "variance_type", "fixed_small", "fixed_small_log", "fixed_large", "learned_range");
        Variance variance =
                switch (f.text("variance_type", "fixed_small")) {
                    case "learned_range" -> Variance.LEARNED_RANGE;
                    case "fixed_large" -> Variance.FIXED_LARGE;
                    // the log only changes how the standard deviation is computed
                    default -> Variance.FIXED_SMALL;
                };
        var training = new GaussianDiffusion(schedule(f), target(f), variance);
        var sampler = new StridedDdpm(training, timesteps(f, "leading"), limit(f, true));
        return new SchedulerConfig(DDPM, Optional.of(training), sampler);
    }

    private static SchedulerConfig ddim(JsonFields f) {
        var training = new GaussianDiffusion(schedule(f), target(f), Variance.FIXED_SMALL);
        var sampler =
                new StridedDdim(
                        training,
                        timesteps(f, "leading"),
                        limit(f, true),
                        f.flag("set_alpha_to_one", true),
                        0);
        return new SchedulerConfig(DDIM, Optional.of(training), sampler);
    }

    static NoiseSchedule schedule(JsonFields f) {
        boolean zeroTerminal = f.flag("rescale_betas_zero_snr", false);
        int steps = f.integer("num_train_timesteps", 1000);
        double start = f.number("beta_start", 0.0001);
        double end = f.number("beta_end", 0.02);
        String name = f.text("beta_schedule", "linear");
        if (f.has("trained_betas")) {
            List<Double> betas = f.numbers("trained_betas");
            return RoundedBetas.of(
                    betas.stream().mapToDouble(Double::doubleValue).toArray(), zeroTerminal);
        }
        return RoundedBetas.named(name, start, end, steps, zeroTerminal);
    }

    static Target target(JsonFields f) {
        f.require("prediction_type", "epsilon", "sample", "v_prediction");
        return switch (f.text("prediction_type", "epsilon")) {
            case "sample" -> Target.X0;
            case "v_prediction" -> Target.V;
            default -> Target.EPSILON;
        };
    }

    static Timesteps timesteps(JsonFields f, String spacing) {
        f.require("timestep_spacing", "linspace", "leading", "trailing");
        return new Timesteps(
                switch (f.text("timestep_spacing", spacing)) {
                    case "linspace" -> Timesteps.Spacing.LINSPACE;
                    case "trailing" -> Timesteps.Spacing.TRAILING;
                    default -> Timesteps.Spacing.LEADING;
                },
                f.integer("steps_offset", 0));
    }

    /// Reads `thresholding`, which goes before `clip_sample`.
    ///
    /// @param clips whether the class knows `clip_sample`, which is then on unless the file says no
    static DataLimit limit(JsonFields f, boolean clips) {
        var threshold =
                new DataLimit.Threshold(
                        f.number("dynamic_thresholding_ratio", 0.995),
                        f.number("sample_max_value", 1));
        if (f.flag("thresholding", false)) {
            return threshold;
        }
        return clips && f.flag("clip_sample", true)
                ? new DataLimit.Clip(f.number("clip_sample_range", 1))
                : DataLimit.NONE;
    }
}
