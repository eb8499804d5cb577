package org.dit4j.diffusion;

import java.util.OptionalDouble;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.JsonFields;

/// Reads how the solvers of [SolverConfig] choose their noise levels.
final class SolverLevels {
    private SolverLevels() {}

    /// The classes, which differ in what they know.
    enum Family {
        DPM_MULTISTEP,
        DPM_SINGLESTEP,
        DEIS,
        UNIPC;

        static Family of(String className) {
            return switch (className) {
                case SchedulerConfig.DPM_SOLVER -> DPM_MULTISTEP;
                case SchedulerConfig.DPM_SINGLE -> DPM_SINGLESTEP;
                case SchedulerConfig.DEIS -> DEIS;
                default -> UNIPC;
            };
        }

        private boolean knowsZeroTerminal() {
            return this == DPM_MULTISTEP || this == UNIPC;
        }
    }

    static LevelSpacing read(JsonFields f, Family family) {
        NoiseSchedule schedule = schedule(f, family);
        NoiseCurve curve = curve(f, family == Family.DPM_MULTISTEP);
        var trained =
                new TrainedLevels(
                        schedule,
                        curve,
                        timesteps(f, family),
                        range(f, family),
                        times(f, family, curve),
                        end(f, family, curve != NoiseCurve.GIVEN));
        FlowShift shift = shift(f, family == Family.UNIPC);
        double terminal = family == Family.UNIPC ? f.number("shift_terminal", 0) : 0;
        if (!f.flag("use_flow_sigmas", false)) {
            ConfigException.require(terminal == 0, "shift_terminal needs use_flow_sigmas");
            return trained;
        }
        if (family == Family.UNIPC && curve == NoiseCurve.KARRAS) {
            return new KarrasFlowLevels(trained);
        }
        ConfigException.require(
                curve == NoiseCurve.GIVEN,
                "use_flow_sigmas goes with no other use_..._sigmas, but for use_karras_sigmas of UniPC");
        return new FlowLevels(
                schedule.steps(),
                family == Family.UNIPC ? FlowLevels.Grid.FROM_NOISE : FlowLevels.Grid.BELOW_NOISE,
                shift,
                terminal,
                NoiseCurve.GIVEN,
                false,
                flowEnd(f, family, schedule));
    }

    static NoiseSchedule schedule(JsonFields f, Family family) {
        return SchedulerConfig.schedule(f, SchedulerConfig.PLAIN_BETAS, family.knowsZeroTerminal());
    }

    /// @param uniPc whether mu must be given where the shift is dynamic; else `flow_shift` stands
    ///   in
    static FlowShift shift(JsonFields f, boolean uniPc) {
        double factor = f.number("flow_shift", 1);
        var fixed = new FlowShift.Fixed(factor);
        f.require("time_shift_type", "exponential", uniPc ? "linear" : "exponential");
        boolean exponential = f.text("time_shift_type", "exponential").equals("exponential");
        if (!f.flag("use_dynamic_shifting", false)) {
            return fixed;
        }
        var known = uniPc ? OptionalDouble.empty() : OptionalDouble.of(Math.log(factor));
        return new FlowShift.BySize(exponential, FlowShift.Line.DEFAULT, known);
    }

    /// Reads which one of the curves is on.
    ///
    /// @param lambdas whether the class knows `use_lu_lambdas`
    static NoiseCurve curve(JsonFields f, boolean lambdas) {
        boolean karras = f.flag("use_karras_sigmas", false);
        boolean exponential = f.flag("use_exponential_sigmas", false);
        boolean beta = f.flag("use_beta_sigmas", false);
        boolean lu = lambdas && f.flag("use_lu_lambdas", false);
        int on = (karras ? 1 : 0) + (exponential ? 1 : 0) + (beta ? 1 : 0) + (lu ? 1 : 0);
        ConfigException.require(
                on <= 1,
                "only one of use_karras_sigmas, use_exponential_sigmas, use_beta_sigmas and"
                        + " use_lu_lambdas can be true");
        if (karras) {
            return NoiseCurve.KARRAS;
        }
        if (beta) {
            return NoiseCurve.BETA;
        }
        return exponential || lu ? NoiseCurve.EXPONENTIAL : NoiseCurve.GIVEN;
    }

    private static Timesteps timesteps(JsonFields f, Family family) {
        return family == Family.DPM_SINGLESTEP
                ? new Timesteps(Timesteps.Spacing.LINSPACE, 0)
                : SchedulerConfig.timesteps(f, "linspace");
    }

    private static TrainedLevels.Range range(JsonFields f, Family family) {
        return switch (family) {
            case DPM_MULTISTEP, DPM_SINGLESTEP ->
                    TrainedLevels.Range.of(
                            false, f.number("lambda_min_clipped", Double.NEGATIVE_INFINITY));
            case DEIS -> TrainedLevels.Range.OPEN;
            case UNIPC ->
                    new TrainedLevels.Range(
                            false,
                            Double.NEGATIVE_INFINITY,
                            optional(f, "sigma_min"),
                            optional(f, "sigma_max"));
        };
    }

    /// diffusers rounds the times of Karras levels and uniform lambdas, but in the multistep
    /// DPM-Solver not those of the cosine schedule; it cuts those of the other curves.
    private static TrainedLevels.Times times(JsonFields f, Family family, NoiseCurve curve) {
        boolean multistep = family == Family.DPM_MULTISTEP;
        boolean lu = multistep && f.flag("use_lu_lambdas", false);
        boolean cosine = f.text("beta_schedule", "linear").equals("squaredcos_cap_v2");
        return (curve == NoiseCurve.KARRAS || lu) && !(cosine && multistep)
                ? TrainedLevels.Times.NEAREST
                : TrainedLevels.Times.DOWN;
    }

    private static TrainedLevels.End end(JsonFields f, Family family, boolean curved) {
        boolean toData = toData(f, family);
        return switch (family) {
            case DPM_MULTISTEP, DPM_SINGLESTEP ->
                    toData ? TrainedLevels.End.DATA : TrainedLevels.End.TRAINED;
            case DEIS -> curved ? TrainedLevels.End.REPEATED : TrainedLevels.End.TRAINED;
            case UNIPC -> {
                if (toData) {
                    yield TrainedLevels.End.DATA;
                }
                yield curved ? TrainedLevels.End.REPEATED : TrainedLevels.End.TRAINED;
            }
        };
    }

    private static OptionalDouble flowEnd(JsonFields f, Family family, NoiseSchedule schedule) {
        if (toData(f, family)) {
            return OptionalDouble.of(0);
        }
        if (family == Family.DEIS || family == Family.UNIPC) {
            return OptionalDouble.empty();
        }
        // diffusers takes the least noise of the beta schedule, although the flow has none
        double bar = schedule.alphaBar().at(0);
        return OptionalDouble.of(Math.sqrt((1 - bar) / bar));
    }

    private static boolean toData(JsonFields f, Family family) {
        if (family == Family.DEIS) {
            return false;
        }
        f.require("final_sigmas_type", "zero", "sigma_min");
        return f.text("final_sigmas_type", "zero").equals("zero");
    }

    static OptionalDouble optional(JsonFields f, String key) {
        return f.has(key) ? OptionalDouble.of(f.number(key)) : OptionalDouble.empty();
    }
}
