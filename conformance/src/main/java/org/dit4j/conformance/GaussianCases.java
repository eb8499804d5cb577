package org.dit4j.conformance;

import java.util.Map;
import java.util.OptionalDouble;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.diffusion.Denoiser;
import org.dit4j.diffusion.GaussianDiffusion;
import org.dit4j.diffusion.GaussianLoss;
import org.dit4j.diffusion.NoiseSchedule;
import org.dit4j.diffusion.Target;
import org.dit4j.diffusion.Variance;

/// What the cases of `diffusion` share: the process that a call creates (DiT,
/// `diffusion/__init__.py`, `create_diffusion`) and the network it names.
final class GaussianCases {
    private GaussianCases() {}

    static GaussianDiffusion diffusion(Call call) {
        return diffusion(call.respacing(), call.options());
    }

    private static GaussianDiffusion diffusion(String respacing, Map<String, String> options) {
        int steps = Integer.parseInt(options.getOrDefault("diffusion_steps", "1000"));
        var schedule = NoiseSchedule.named(options.getOrDefault("noise_schedule", "linear"), steps);
        Target target = is(options, "predict_xstart", false) ? Target.X0 : Target.EPSILON;
        Variance fixed =
                is(options, "sigma_small", false) ? Variance.FIXED_SMALL : Variance.FIXED_LARGE;
        Variance variance = is(options, "learn_sigma", true) ? Variance.LEARNED_RANGE : fixed;
        return new GaussianDiffusion(schedule.respaced(respacing), target, variance);
    }

    static GaussianLoss loss(Call call) {
        Map<String, String> options = call.options();
        GaussianLoss.Kind squared =
                is(options, "rescale_learned_sigmas", false)
                        ? GaussianLoss.Kind.RESCALED_MSE
                        : GaussianLoss.Kind.MSE;
        GaussianLoss.Kind kind =
                is(options, "use_kl", false) ? GaussianLoss.Kind.RESCALED_KL : squared;
        return new GaussianLoss(diffusion(call), kind, OptionalDouble.empty());
    }

    /// The network that a call names: `model1`, `model2`, or `model`.
    static AnalyticModel model(ReferenceCase c, Call call) {
        for (String name : new String[] {"model1", "model2"}) {
            if (call.contains(name)) {
                return AnalyticModel.of(c, name);
            }
        }
        return AnalyticModel.of(c, "model");
    }

    static Denoiser denoiser(AnalyticModel model, Tensor y) {
        return (x, t) -> model.predict(x, t, y);
    }

    private static boolean is(Map<String, String> options, String name, boolean missing) {
        return options.getOrDefault(name, missing ? "True" : "False").equals("True");
    }
}
