package org.dit4j.diffusion;

import java.util.List;
import java.util.Optional;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.JsonFields;

/// Reads the configuration of diffusers' `DPMSolverMultistepScheduler`.
final class DpmSolverConfig {
    private DpmSolverConfig() {}

    static SchedulerConfig read(JsonFields f) {
        boolean flow = f.flag("use_flow_sigmas", false);
        LevelSpacing spacing = flow ? flowLevels(f) : trainedLevels(f);
        f.require("variance_type", "learned", "learned_range");
        var variance = f.has("variance_type") ? Variance.LEARNED_RANGE : Variance.FIXED_SMALL;
        boolean velocity = f.text("prediction_type", "epsilon").equals("flow_prediction");
        ConfigException.require(
                flow || !velocity, "prediction_type flow_prediction needs use_flow_sigmas");
        Prediction prediction =
                velocity ? Prediction.FLOW : Prediction.of(SchedulerConfig.target(f));
        Optional<GaussianDiffusion> training =
                flow
                        ? Optional.empty()
                        : Optional.of(
                                new GaussianDiffusion(
                                        SchedulerConfig.schedule(f),
                                        SchedulerConfig.target(f),
                                        variance));
        var sampler =
                new DpmSolver(
                        spacing,
                        prediction,
                        SchedulerConfig.limit(f, false),
                        algorithm(f),
                        f.integer("solver_order", 2),
                        correction(f),
                        f.flag("lower_order_final", true),
                        f.flag("euler_at_final", false));
        return new SchedulerConfig(SchedulerConfig.DPM_SOLVER, training, sampler);
    }

    private static LevelSpacing trainedLevels(JsonFields f) {
        f.number("flow_shift", 1);
        boolean cosine = f.text("beta_schedule", "linear").equals("squaredcos_cap_v2");
        return new TrainedLevels(
                SchedulerConfig.schedule(f),
                curve(f),
                SchedulerConfig.timesteps(f, "linspace"),
                !cosine,
                endsAtData(f),
                f.number("lambda_min_clipped", Double.NEGATIVE_INFINITY));
    }

    private static LevelSpacing flowLevels(JsonFields f) {
        SchedulerConfig.schedule(f);
        SchedulerConfig.timesteps(f, "linspace");
        f.number("lambda_min_clipped", Double.NEGATIVE_INFINITY);
        ConfigException.require(
                curve(f) == TrainedLevels.Curve.TIMESTEPS && endsAtData(f),
                "use_flow_sigmas goes with no other use_..._sigmas and with final_sigmas_type zero only");
        return new FlowLevels(f.integer("num_train_timesteps", 1000), f.number("flow_shift", 1));
    }

    private static TrainedLevels.Curve curve(JsonFields f) {
        f.require("use_beta_sigmas", false);
        f.require("use_dynamic_shifting", false);
        f.require("time_shift_type", "exponential");
        boolean karras = f.flag("use_karras_sigmas", false);
        boolean exponential = f.flag("use_exponential_sigmas", false);
        boolean lambdas = f.flag("use_lu_lambdas", false);
        ConfigException.require(
                List.of(karras, exponential, lambdas).stream().filter(on -> on).count() <= 1,
                "only one of use_karras_sigmas, use_exponential_sigmas and use_lu_lambdas can be true");
        if (karras) {
            return TrainedLevels.Curve.KARRAS;
        }
        if (exponential) {
            return TrainedLevels.Curve.EXPONENTIAL;
        }
        return lambdas ? TrainedLevels.Curve.UNIFORM_LAMBDA : TrainedLevels.Curve.TIMESTEPS;
    }

    private static boolean endsAtData(JsonFields f) {
        f.require("final_sigmas_type", "zero", "sigma_min");
        return f.text("final_sigmas_type", "zero").equals("zero");
    }

    private static DpmSolver.Algorithm algorithm(JsonFields f) {
        // diffusers reads deis as dpmsolver++ here
        f.require(
                "algorithm_type",
                "dpmsolver++",
                "dpmsolver",
                "sde-dpmsolver++",
                "sde-dpmsolver",
                "deis");
        return switch (f.text("algorithm_type", "dpmsolver++")) {
            case "dpmsolver" -> DpmSolver.Algorithm.DPM_SOLVER;
            case "sde-dpmsolver++" -> DpmSolver.Algorithm.SDE_DPM_SOLVER_PP;
            case "sde-dpmsolver" -> DpmSolver.Algorithm.SDE_DPM_SOLVER;
            default -> DpmSolver.Algorithm.DPM_SOLVER_PP;
        };
    }

    private static DpmSolver.Correction correction(JsonFields f) {
        // diffusers reads the types of other solvers as midpoint here
        f.require("solver_type", "midpoint", "heun", "logrho", "bh1", "bh2");
        return f.text("solver_type", "midpoint").equals("heun")
                ? DpmSolver.Correction.HEUN
                : DpmSolver.Correction.MIDPOINT;
    }
}
