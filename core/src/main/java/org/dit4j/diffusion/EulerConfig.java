package org.dit4j.diffusion;

import org.dit4j.checkpoint.JsonFields;

/// Reads the configurations of diffusers' `EulerDiscreteScheduler`,
/// `EulerAncestralDiscreteScheduler` and `HeunDiscreteScheduler`.
final class EulerConfig {
    private EulerConfig() {}

    static SchedulerConfig euler(JsonFields f) {
        f.require("interpolation_type", "linear");
        f.require("timestep_type", "discrete", "continuous");
        f.require("final_sigmas_type", "zero", "sigma_min");
        GaussianDiffusion training = training(f, SchedulerConfig.PLAIN_BETAS, true);
        boolean continuous =
                f.text("timestep_type", "discrete").equals("continuous")
                        && training.target() == Target.V;
        var levels =
                new TrainedLevels(
                        training.schedule(),
                        SolverLevels.curve(f, false),
                        SchedulerConfig.timesteps(f, "linspace"),
                        new TrainedLevels.Range(
                                true,
                                Double.NEGATIVE_INFINITY,
                                SolverLevels.optional(f, "sigma_min"),
                                SolverLevels.optional(f, "sigma_max")),
                        continuous ? TrainedLevels.Times.QUARTER_LOG : TrainedLevels.Times.EXACT,
                        f.text("final_sigmas_type", "zero").equals("zero")
                                ? TrainedLevels.End.DATA
                                : TrainedLevels.End.TRAINED);
        var prediction = Prediction.of(training.target());
        var sampler = new Euler(levels, prediction, frame(levels), Churn.NONE);
        return SchedulerConfig.gaussian(SchedulerConfig.EULER, training, sampler);
    }

    static SchedulerConfig ancestral(JsonFields f) {
        f.require("prediction_type", "epsilon", "v_prediction");
        GaussianDiffusion training = training(f, SchedulerConfig.PLAIN_BETAS, true);
        TrainedLevels levels = closed(f, training, NoiseCurve.GIVEN);
        var prediction = Prediction.of(training.target());
        var sampler = new EulerAncestral(levels, prediction, frame(levels));
        return SchedulerConfig.gaussian(SchedulerConfig.ANCESTRAL, training, sampler);
    }

    static SchedulerConfig heun(JsonFields f) {
        var betas = new SchedulerConfig.BetaDefaults("linear", 0.00085, 0.012);
        GaussianDiffusion training = training(f, betas, false);
        TrainedLevels levels = closed(f, training, SolverLevels.curve(f, false));
        var prediction = Prediction.of(training.target());
        DataLimit limit = SchedulerConfig.clip(f, false);
        var sampler = new Heun(levels, prediction, frame(levels), limit);
        return SchedulerConfig.gaussian(SchedulerConfig.HEUN, training, sampler);
    }

    private static GaussianDiffusion training(
            JsonFields f, SchedulerConfig.BetaDefaults betas, boolean knowsZeroTerminal) {
        return new GaussianDiffusion(
                SchedulerConfig.schedule(f, betas, knowsZeroTerminal),
                SchedulerConfig.target(f),
                Variance.FIXED_SMALL);
    }

    private static TrainedLevels closed(
            JsonFields f, GaussianDiffusion training, NoiseCurve curve) {
        return new TrainedLevels(
                training.schedule(),
                curve,
                SchedulerConfig.timesteps(f, "linspace"),
                TrainedLevels.Range.CLOSED,
                TrainedLevels.Times.EXACT,
                TrainedLevels.End.DATA);
    }

    private static Frame frame(TrainedLevels levels) {
        return levels.timesteps().spacing() == Timesteps.Spacing.LEADING
                ? Frame.SCALED_TO_UNIT
                : Frame.SCALED;
    }
}
