package org.dit4j.diffusion;

import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.JsonFields;

/// Reads the configurations of diffusers' solvers in `log(alpha / sigma)`:
/// `DPMSolverMultistepScheduler`, `DPMSolverSinglestepScheduler`, `DEISMultistepScheduler`,
/// `UniPCMultistepScheduler` and `CosineDPMSolverMultistepScheduler`.
final class SolverConfig {
    private SolverConfig() {}

    static SchedulerConfig multistep(JsonFields f) {
        var sampler =
                new DpmSolver(
                        SolverLevels.read(f, SolverLevels.Family.DPM_MULTISTEP),
                        prediction(f),
                        SchedulerConfig.limit(f),
                        algorithm(f),
                        f.integer("solver_order", 2),
                        midpoint(f) ? DpmSolver.Correction.MIDPOINT : DpmSolver.Correction.HEUN,
                        f.flag("lower_order_final", true),
                        f.flag("euler_at_final", false));
        return config(SchedulerConfig.DPM_SOLVER, f, variance(f), sampler);
    }

    static SchedulerConfig singlestep(JsonFields f) {
        var sampler =
                new DpmSolverSingle(
                        SolverLevels.read(f, SolverLevels.Family.DPM_SINGLESTEP),
                        prediction(f),
                        SchedulerConfig.limit(f),
                        algorithm(f),
                        f.integer("solver_order", 2),
                        midpoint(f),
                        f.flag("lower_order_final", false));
        return config(SchedulerConfig.DPM_SINGLE, f, variance(f), sampler);
    }

    static SchedulerConfig deis(JsonFields f) {
        // diffusers reads the types of other solvers as deis and logrho here
        f.require("algorithm_type", "deis", "dpmsolver", "dpmsolver++");
        f.require("solver_type", "logrho", "midpoint", "heun", "bh1", "bh2");
        var sampler =
                new DpmSolver(
                        SolverLevels.read(f, SolverLevels.Family.DEIS),
                        prediction(f),
                        SchedulerConfig.limit(f),
                        DpmSolver.Algorithm.DPM_SOLVER,
                        f.integer("solver_order", 2),
                        DpmSolver.Correction.EXACT,
                        f.flag("lower_order_final", true),
                        false);
        return config(SchedulerConfig.DEIS, f, Variance.FIXED_SMALL, sampler);
    }

    static SchedulerConfig uniPc(JsonFields f) {
        // diffusers reads the types of other solvers as bh2 here
        f.require("solver_type", "bh1", "bh2", "midpoint", "heun", "logrho");
        ConfigException.require(
                !f.has("solver_p"), "solver_p, another predictor for UniPC, is not built");
        boolean bh1 = f.text("solver_type", "bh2").equals("bh1");
        var sampler =
                new UniPc(
                        SolverLevels.read(f, SolverLevels.Family.UNIPC),
                        prediction(f),
                        SchedulerConfig.limit(f),
                        f.flag("predict_x0", true),
                        f.integer("solver_order", 2),
                        bh1 ? UniPc.Weight.BH1 : UniPc.Weight.BH2,
                        f.flag("lower_order_final", true),
                        f.has("disable_corrector")
                                ? Set.copyOf(f.integers("disable_corrector"))
                                : Set.of());
        return config(SchedulerConfig.UNIPC, f, Variance.FIXED_SMALL, sampler);
    }

    static SchedulerConfig cosine(JsonFields f) {
        f.require("sigma_schedule", "exponential", "karras");
        f.require("final_sigmas_type", "zero", "sigma_min");
        f.require("prediction_type", "v_prediction", "epsilon");
        f.integer("num_train_timesteps", 1000); // without effect on a run
        double rho = f.number("rho", 7);
        boolean karras = f.text("sigma_schedule", "exponential").equals("karras");
        boolean toData = f.text("final_sigmas_type", "zero").equals("zero");
        boolean velocity = f.text("prediction_type", "v_prediction").equals("v_prediction");
        var levels =
                new CosineLevels(
                        f.number("sigma_min", 0.3),
                        f.number("sigma_max", 500),
                        karras ? OptionalDouble.of(rho) : OptionalDouble.empty(),
                        toData ? CosineLevels.End.DATA : CosineLevels.End.LEAST);
        var sampler =
                new CosineDpmSolver(
                        levels,
                        f.number("sigma_data", 1),
                        velocity
                                ? CosineDpmSolver.Answering.VELOCITY
                                : CosineDpmSolver.Answering.NEGATED,
                        f.integer("solver_order", 2),
                        midpoint(f) ? DpmSolver.Correction.MIDPOINT : DpmSolver.Correction.HEUN,
                        f.flag("lower_order_final", true),
                        f.flag("euler_at_final", false));
        return new SchedulerConfig(
                SchedulerConfig.COSINE_DPM, Optional.empty(), Optional.empty(), sampler);
    }

    private static SchedulerConfig config(
            String name, JsonFields f, Variance variance, SamplerFactory sampler) {
        if (f.flag("use_flow_sigmas", false)) {
            int trained = f.integer("num_train_timesteps", 1000);
            FlowShift shift = SolverLevels.shift(f, name.equals(SchedulerConfig.UNIPC));
            var flow = new StraightFlow(trained, shift);
            return new SchedulerConfig(name, Optional.empty(), Optional.of(flow), sampler);
        }
        NoiseSchedule schedule = SolverLevels.schedule(f, SolverLevels.Family.of(name));
        var training = new GaussianDiffusion(schedule, SchedulerConfig.target(f), variance);
        return new SchedulerConfig(name, Optional.of(training), Optional.empty(), sampler);
    }

    private static Prediction prediction(JsonFields f) {
        boolean velocity = f.text("prediction_type", "epsilon").equals("flow_prediction");
        ConfigException.require(
                f.flag("use_flow_sigmas", false) || !velocity,
                "prediction_type flow_prediction needs use_flow_sigmas");
        return velocity ? Prediction.FLOW : Prediction.of(SchedulerConfig.target(f));
    }

    private static Variance variance(JsonFields f) {
        f.require("variance_type", "learned", "learned_range");
        return f.has("variance_type") ? Variance.LEARNED_RANGE : Variance.FIXED_SMALL;
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

    private static boolean midpoint(JsonFields f) {
        // diffusers reads the types of other solvers as midpoint here
        f.require("solver_type", "midpoint", "heun", "logrho", "bh1", "bh2");
        return !f.text("solver_type", "midpoint").equals("heun");
    }
}
