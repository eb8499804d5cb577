package org.dit4j.conformance;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.diffusion.SecondMomentSampler;
import org.dit4j.diffusion.TimestepSampler;
import org.dit4j.tensor.Tensors;

/// Which steps are trained how often: `diffusion/timestep_samplers`.
final class TimestepSamplersKind implements CaseKind {
    @Override
    public boolean accepts(ReferenceCase c) {
        return c.name().startsWith("diffusion/timestep_samplers");
    }

    @Override
    public void run(ReferenceCase c, Findings out) {
        for (String id : c.calls()) {
            var call = new Call(c.call(id));
            TimestepSampler sampler =
                    id.startsWith("uniform")
                            ? TimestepSampler.uniform(uniformSteps(c, call))
                            : moments(c, id, call, out);
            TimestepSampler.Draw draw = sampler.draw(c.in(id, "u"));
            out.compare(id + ".out.t", draw.t());
            out.compare(id + ".out.w", draw.weights());
        }
    }

    /// The call of a uniform sampler may not say its process: then it is the other sampler's.
    private static int uniformSteps(ReferenceCase c, Call call) {
        Call source = call;
        for (String id : c.calls()) {
            var other = new Call(c.call(id));
            if (!source.contains("create_diffusion") && other.contains("create_diffusion")) {
                source = other;
            }
        }
        return GaussianCases.diffusion(source).steps();
    }

    private static SecondMomentSampler moments(
            ReferenceCase c, String id, Call call, Findings out) {
        int steps = GaussianCases.diffusion(call).steps();
        int history = Integer.parseInt(call.argument("history_per_term", "10"));
        double share = Double.parseDouble(call.argument("uniform_prob", "0.001"));
        var sampler = new SecondMomentSampler(steps, history, share);
        Tensor t = c.in(id, "t");
        for (int update = 0; update < t.size(0); update++) {
            sampler.update(t.select(0, update), c.in(id, "loss").select(0, update));
            String name = id + ".out.weights" + update;
            if (c.has(name)) {
                out.compare(name, Tensors.of(sampler.weights(), steps));
            }
        }
        return sampler;
    }
}
