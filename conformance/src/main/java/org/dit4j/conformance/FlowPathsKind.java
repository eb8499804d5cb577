package org.dit4j.conformance;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.Dit4jException;
import org.dit4j.diffusion.Interpolant;

/// Coefficients of the interpolants and what they convert: `diffusion/transport_paths`, tensors
/// `<path>.out.<coefficient>`.
final class FlowPathsKind implements CaseKind {
    private static final double NORM = 0.7;

    @Override
    public boolean accepts(ReferenceCase c) {
        return c.name().startsWith("diffusion/transport_paths");
    }

    @Override
    public void run(ReferenceCase c, Findings out) {
        for (String name : c.names()) {
            int dot = name.indexOf(".out.");
            if (dot > 0) {
                Interpolant path = FlowCases.path(name.substring(0, dot));
                out.compare(name, of(c, name, path, name.substring(dot + 5)));
            }
        }
    }

    private static Tensor of(ReferenceCase c, String full, Interpolant path, String name) {
        Tensor t = c.tensor("in.t");
        Tensor x = c.tensor("in.x");
        Tensor v = c.tensor("in.v");
        if (name.startsWith("diffusion.")) {
            var form = FlowCases.form(name.substring("diffusion.".length()));
            return form.at(path, t, norm(c, full)).reshape(t.size(0), 1, 1, 1);
        }
        return switch (name) {
            case "alpha" -> path.alpha(t);
            case "d_alpha" -> path.alphaSlope(t);
            case "sigma" -> path.sigma(t);
            case "d_sigma" -> path.sigmaSlope(t);
            case "alpha_ratio" -> path.logAlphaSlope(t);
            case "xt" -> path.at(c.tensor("in.x1"), c.tensor("in.x0"), t);
            case "ut" -> path.velocity(c.tensor("in.x1"), c.tensor("in.x0"), t);
            case "drift" -> path.drift(x, t);
            case "drift_var" -> path.scoreScale(x, t);
            case "score" -> path.scoreOfVelocity(v, x, t);
            case "noise" -> path.noiseOfVelocity(v, x, t);
            case "velocity" -> path.velocityOfScore(v, x, t);
            default -> throw new Dit4jException("no such coefficient: " + name);
        };
    }

    private static double norm(ReferenceCase c, String tensor) {
        String text = c.json().path("tensors").path(tensor).asString("");
        return Double.parseDouble(new Call(text).argument("norm", String.valueOf(NORM)));
    }
}
