package org.dit4j.conformance;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.diffusion.Denoiser;
import org.dit4j.diffusion.FlowMatching;
import org.dit4j.diffusion.FlowSde;
import org.dit4j.diffusion.FlowSdeSampler;
import org.dit4j.diffusion.NoiseSource;
import org.dit4j.diffusion.SamplerState;
import org.dit4j.diffusion.Sampling;
import org.dit4j.tensor.Ops;

/// Trajectories of the stochastic equation with the noise of each step: `diffusion/transport_sde`.
final class FlowSdeKind implements CaseKind {
    @Override
    public boolean accepts(ReferenceCase c) {
        return c.name().startsWith("diffusion/transport_sde");
    }

    @Override
    public void run(ReferenceCase c, Findings out) {
        for (String id : c.calls()) {
            FlowSde sde = sde(c.call(id));
            int steps = Integer.parseInt(new Call(c.call(id)).argument("num_steps", "250"));
            FlowSdeSampler sampler = sde.steps(steps);
            Denoiser denoiser = FlowCases.denoiser(c, id, sde.flow().target());
            NoiseSource noise = NoiseSource.replay(c.in(id, "step_noise"));
            List<Tensor> points = new ArrayList<>();
            SamplerState s = sampler.start(c.in(id, "noise"), noise);
            while (!sampler.done(s)) {
                s = Sampling.advance(sampler, denoiser, s, noise);
                if (sde.method() == FlowSde.Method.EULER || s.call() % 2 == 0 || sampler.done(s)) {
                    points.add(s.x());
                }
            }
            if (sde.last() == FlowSde.LastStep.NONE) {
                points.add(s.x()); // the reference's last step leaves the sample as it is
            }
            out.compare(id + ".out.traj", Ops.stack(0, points));
        }
    }

    private static FlowSde sde(String text) {
        FlowMatching flow = FlowCases.flow(text);
        var call = new Call(text);
        String last = call.argument("last_step", "Mean").toUpperCase(Locale.ROOT);
        return new FlowSde(
                flow,
                FlowSde.Method.valueOf(
                        call.argument("sampling_method", "Euler").toUpperCase(Locale.ROOT)),
                FlowCases.form(call.argument("diffusion_form", "SBDM")),
                Double.parseDouble(call.argument("diffusion_norm", "1")),
                FlowSde.LastStep.valueOf(last),
                Double.parseDouble(call.argument("last_step_size", "0.04")));
    }
}
