package org.dit4j.conformance;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.diffusion.DdimSampler;
import org.dit4j.diffusion.DdpmSampler;
import org.dit4j.diffusion.Denoiser;
import org.dit4j.diffusion.GaussianDiffusion;
import org.dit4j.diffusion.NoiseSource;
import org.dit4j.diffusion.Sampler;
import org.dit4j.diffusion.SamplerState;
import org.dit4j.diffusion.Sampling;
import org.dit4j.diffusion.ScoreGradient;
import org.dit4j.tensor.Ops;
import org.jspecify.annotations.Nullable;

/// Whole runs of the original samplers: `diffusion/loop_ddpm_*` and `diffusion/loop_ddim_*`.
final class GaussianLoopKind implements CaseKind {
    @Override
    public boolean accepts(ReferenceCase c) {
        return c.name().startsWith("diffusion/loop_");
    }

    @Override
    public void run(ReferenceCase c, Findings out) {
        for (String id : c.calls()) {
            var call = new Call(c.call(id));
            Tensor y = c.in(id, "y");
            Denoiser denoiser = GaussianCases.denoiser(GaussianCases.model(c, call), y);
            NoiseSource noise = NoiseSource.replay(c.in(id, "step_noise"));
            Sampler sampler = sampler(c, id, call);
            List<Tensor> samples = new ArrayList<>();
            List<Tensor> data = new ArrayList<>();
            SamplerState s = sampler.start(c.in(id, "noise"));
            while (!sampler.done(s)) {
                s = Sampling.advance(sampler, denoiser, s, noise);
                samples.add(s.x());
                data.add(Objects.requireNonNull(s.x0()));
            }
            out.compare(c.named(id, "out.samples"), Ops.stack(0, samples));
            out.compare(c.named(id, "out.pred_xstart"), Ops.stack(0, data));
        }
    }

    private static Sampler sampler(ReferenceCase c, String id, Call call) {
        GaussianDiffusion diffusion = GaussianCases.diffusion(call);
        boolean clip = call.argument("clip_denoised", "True").equals("True");
        @Nullable ScoreGradient gradient = c.hasIn(id, "G") ? pull(c.in(id, "G")) : null;
        if (call.contains("ddim_sample_loop")) {
            double eta = Double.parseDouble(call.argument("eta", "0"));
            return new DdimSampler(diffusion, eta, clip, gradient);
        }
        return new DdpmSampler(diffusion, clip, gradient);
    }

    /// `G (1 + 0.001 t) - 0.05 x`, the gradient of the guided cases.
    private static ScoreGradient pull(Tensor g) {
        return (x, t) -> {
            Tensor scale = Ops.add(Ops.mul(t, 0.001), 1).reshape(-1, 1, 1, 1);
            return g.mul(scale).sub(Ops.mul(x, 0.05));
        };
    }
}
