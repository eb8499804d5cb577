package org.dit4j.conformance;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.Dit4jException;
import org.dit4j.diffusion.FlowLoss;
import org.dit4j.diffusion.FlowMatching;
import org.dit4j.diffusion.TimeDensity;

/// Densities of training times and weights of noise levels of Stable Diffusion 3:
/// `diffusion/sd3_density`.
final class TimeDensityKind implements CaseKind {
    @Override
    public boolean accepts(ReferenceCase c) {
        return c.name().startsWith("diffusion/sd3_density");
    }

    @Override
    public void run(ReferenceCase c, Findings out) {
        for (String name : c.names()) {
            int dot = name.indexOf(".out.");
            if (dot > 0) {
                out.compare(name, of(c, name.substring(0, dot), name.substring(dot + 5)));
            }
        }
    }

    private static Tensor of(ReferenceCase c, String id, String result) {
        return switch (result) {
            case "u" -> {
                TimeDensity density = density(new Call(c.call(id)));
                boolean normal = density instanceof TimeDensity.LogitNormal;
                yield density.of(c.in(id, normal ? "z" : "q"));
            }
            case "uniform" -> new TimeDensity.Uniform().of(c.in(id, "q"));
            case "sigma_sqrt" -> FlowLoss.Weight.sigmaSqrt(c.in(id, "sigmas"));
            case "cosmap" -> FlowLoss.Weight.cosmap(c.in(id, "sigmas"));
            case "none" -> FlowLoss.Weight.NONE.at(FlowMatching.sit(), c.in(id, "sigmas"));
            default -> throw new Dit4jException("no such result: " + result);
        };
    }

    private static TimeDensity density(Call call) {
        if (call.contains("'logit_normal'")) {
            return new TimeDensity.LogitNormal(
                    Double.parseDouble(call.argument("logit_mean", "0")),
                    Double.parseDouble(call.argument("logit_std", "1")));
        }
        return new TimeDensity.Mode(Double.parseDouble(call.argument("mode_scale", "1.29")));
    }
}
