package org.dit4j.conformance;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.diffusion.GaussianDiffusion;
import org.dit4j.diffusion.RoundedBetas;
import org.dit4j.diffusion.Target;
import org.dit4j.diffusion.Variance;

/// Noised samples and their velocities as diffusers computes them: `schedulers/add_noise`.
final class AddNoiseKind implements CaseKind {
    @Override
    public boolean accepts(ReferenceCase c) {
        return c.name().equals("schedulers/add_noise");
    }

    @Override
    public void run(ReferenceCase c, Findings out) {
        var schedule = RoundedBetas.named("scaled_linear", 0.00085, 0.012, 1000, false);
        var diffusion = new GaussianDiffusion(schedule, Target.V, Variance.FIXED_SMALL);
        Tensor x = c.in("", "x");
        Tensor noise = c.in("", "noise");
        Tensor t = c.in("", "t");
        out.compare("out.ddpm_add_noise", diffusion.noised(x, t, noise));
        out.compare("out.ddpm_velocity", diffusion.targetOf(x, t, noise));
        out.unsupported("out.flow_", "FlowMatchEulerDiscreteScheduler is not there yet");
        out.unsupported("out.euler_", "EulerDiscreteScheduler is not there yet");
    }
}
