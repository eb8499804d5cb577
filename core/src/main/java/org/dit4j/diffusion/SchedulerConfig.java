package org.dit4j.diffusion;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.JsonFields;
import org.dit4j.checkpoint.JsonFile;
import tools.jackson.databind.JsonNode;

/// What a `scheduler_config.json` of diffusers says: the process that a network was trained with
/// and the method to sample with. Missing keys have the defaults of diffusers.
///
/// @param className such as `DDIMScheduler`
/// @param training the process of training; empty where it is no Gaussian diffusion
/// @param flow the process of training where it is a flow on the straight path
/// @param sampler the method, for any number of steps
public record SchedulerConfig(
        String className,
        Optional<GaussianDiffusion> training,
        Optional<StraightFlow> flow,
        SamplerFactory sampler) {
    static final String DDPM = "DDPMScheduler";
    static final String DDIM = "DDIMScheduler";
    static final String COG_DDIM = "CogVideoXDDIMScheduler";
    static final String COG_DPM = "CogVideoXDPMScheduler";
    static final String DPM_SOLVER = "DPMSolverMultistepScheduler";
    static final String DPM_SINGLE = "DPMSolverSinglestepScheduler";
    static final String DEIS = "DEISMultistepScheduler";
    static final String UNIPC = "UniPCMultistepScheduler";
    static final String COSINE_DPM = "CosineDPMSolverMultistepScheduler";
    static final String EULER = "EulerDiscreteScheduler";
    static final String ANCESTRAL = "EulerAncestralDiscreteScheduler";
    static final String HEUN = "HeunDiscreteScheduler";
    static final String FLOW_EULER = "FlowMatchEulerDiscreteScheduler";
    static final String FLOW_HEUN = "FlowMatchHeunDiscreteScheduler";
    static final String LCM = "LCMScheduler";
    static final String TCD = "TCDScheduler";
    static final String SCM = "SCMScheduler";

    /// The betas of most classes where the file names none.
    static final BetaDefaults PLAIN_BETAS = new BetaDefaults("linear", 0.0001, 0.02);

    /// The betas of Stable Diffusion.
    static final BetaDefaults SCALED_BETAS = new BetaDefaults("scaled_linear", 0.00085, 0.012);

    private static final Map<String, Function<JsonFields, SchedulerConfig>> READERS = readers();

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
                    "rescale_betas_zero_snr",
                    "set_alpha_to_one",
                    "skip_prk_steps");

    /// Betas for files that name none.
    record BetaDefaults(String name, double start, double end) {}

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
        Function<JsonFields, SchedulerConfig> reader = READERS.get(className);
        if (reader == null) {
            throw new ConfigException(
                    "%s: _class_name must be one of %s but is %s"
                            .formatted(where, String.join(", ", READERS.keySet()), className));
        }
        SchedulerConfig config = reader.apply(fields);
        if (className.equals(fields.text("_class_name", ""))) {
            WITHOUT_EFFECT.forEach(fields::has);
            fields.noOthers();
        }
        return config;
    }

    /// Returns the time of the network at pure noise; that of the data is 0.
    public double lastTime() {
        return switch (className) {
            case COSINE_DPM -> 1;
            case SCM -> AngleLevels.DEFAULT.most();
            default ->
                    training.map(GaussianDiffusion::steps)
                            .or(() -> flow.map(StraightFlow::trained))
                            .orElseThrow();
        };
    }

    /// Returns the method for samples of a size.
    ///
    /// @param tokens how many tokens the network makes of a sample
    public SamplerFactory sampler(long tokens) {
        return flow.isPresent() ? flow.get().sized(sampler, tokens) : sampler;
    }

    static SchedulerConfig gaussian(
            String className, GaussianDiffusion training, SamplerFactory sampler) {
        return new SchedulerConfig(className, Optional.of(training), Optional.empty(), sampler);
    }

    private static Map<String, Function<JsonFields, SchedulerConfig>> readers() {
        var all = new LinkedHashMap<String, Function<JsonFields, SchedulerConfig>>();
        all.put(DDPM, SchedulerConfig::ddpm);
        all.put(DDIM, SchedulerConfig::ddim);
        all.put(COG_DDIM, SchedulerConfig::cogVideoXDdim);
        all.put(COG_DPM, SchedulerConfig::cogVideoXDpm);
        all.put(DPM_SOLVER, SolverConfig::multistep);
        all.put(DPM_SINGLE, SolverConfig::singlestep);
        all.put(DEIS, SolverConfig::deis);
        all.put(UNIPC, SolverConfig::uniPc);
        all.put(COSINE_DPM, SolverConfig::cosine);
        all.put(EULER, EulerConfig::euler);
        all.put(ANCESTRAL, EulerConfig::ancestral);
        all.put(HEUN, EulerConfig::heun);
        all.put(FLOW_EULER, FlowMatchConfig::euler);
        all.put(FLOW_HEUN, FlowMatchConfig::heun);
        all.put(LCM, DistilledConfig::lcm);
        all.put(TCD, DistilledConfig::tcd);
        all.put(SCM, DistilledConfig::scm);
        return all;
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
        var training = new GaussianDiffusion(schedule(f, PLAIN_BETAS, true), target(f), variance);
        var sampler = new StridedDdpm(training, timesteps(f, "leading"), clipped(f));
        return gaussian(DDPM, training, sampler);
    }

    private static SchedulerConfig ddim(JsonFields f) {
        return ddim(DDIM, f, schedule(f, PLAIN_BETAS, true), clipped(f));
    }

    /// `scheduling_ddim_cogvideox.py`: a step is that of DDIM, but the data is never limited.
    private static SchedulerConfig cogVideoXDdim(JsonFields f) {
        return ddim(COG_DDIM, f, cogVideoXSchedule(f), DataLimit.NONE);
    }

    private static SchedulerConfig cogVideoXDpm(JsonFields f) {
        var training = new GaussianDiffusion(cogVideoXSchedule(f), target(f), Variance.FIXED_SMALL);
        boolean endsAtData = f.flag("set_alpha_to_one", true);
        var sampler = new StridedDpm(training, timesteps(f, "leading"), endsAtData);
        return gaussian(COG_DPM, training, sampler);
    }

    /// The limits of the data that the files name are without effect.
    private static NoiseSchedule cogVideoXSchedule(JsonFields f) {
        clipped(f);
        return SnrShift.of(
                schedule(f, SCALED_BETAS, false),
                f.has("trained_betas") ? "" : f.text("beta_schedule", SCALED_BETAS.name()),
                f.number("beta_start", SCALED_BETAS.start()),
                f.number("beta_end", SCALED_BETAS.end()),
                f.number("snr_shift_scale", 3),
                f.flag("rescale_betas_zero_snr", false));
    }

    private static SchedulerConfig ddim(
            String className, JsonFields f, NoiseSchedule schedule, DataLimit limit) {
        var training = new GaussianDiffusion(schedule, target(f), Variance.FIXED_SMALL);
        boolean endsAtData = f.flag("set_alpha_to_one", true);
        var sampler = new StridedDdim(training, timesteps(f, "leading"), limit, endsAtData, 0);
        return gaussian(className, training, sampler);
    }

    /// @param knowsZeroTerminal whether the class knows `rescale_betas_zero_snr`
    static NoiseSchedule schedule(JsonFields f, BetaDefaults betas, boolean knowsZeroTerminal) {
        boolean zeroTerminal = knowsZeroTerminal && f.flag("rescale_betas_zero_snr", false);
        int steps = f.integer("num_train_timesteps", 1000);
        double start = f.number("beta_start", betas.start());
        double end = f.number("beta_end", betas.end());
        String name = f.text("beta_schedule", betas.name());
        if (f.has("trained_betas")) {
            List<Double> given = f.numbers("trained_betas");
            return RoundedBetas.of(
                    given.stream().mapToDouble(Double::doubleValue).toArray(), zeroTerminal);
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

    /// Reads `thresholding`.
    static DataLimit limit(JsonFields f) {
        var threshold =
                new DataLimit.Threshold(
                        f.number("dynamic_thresholding_ratio", 0.995),
                        f.number("sample_max_value", 1));
        return f.flag("thresholding", false) ? threshold : DataLimit.NONE;
    }

    /// Reads `clip_sample`.
    ///
    /// @param usual what it is where the file does not say
    static DataLimit clip(JsonFields f, boolean usual) {
        var clip = new DataLimit.Clip(f.number("clip_sample_range", 1));
        return f.flag("clip_sample", usual) ? clip : DataLimit.NONE;
    }

    /// Reads `thresholding`, and `clip_sample` where that is off.
    private static DataLimit clipped(JsonFields f) {
        DataLimit threshold = limit(f);
        DataLimit clip = clip(f, true);
        return threshold instanceof DataLimit.None ? clip : threshold;
    }
}
