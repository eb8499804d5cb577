package org.dit4j.conformance;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.diffusion.GaussianDiffusion;
import org.dit4j.diffusion.Normal;
import org.dit4j.diffusion.Reverse;
import org.dit4j.diffusion.ReverseSteps;

/// Single steps forwards and backwards, each sample at a step of its own: `diffusion/q_p`.
final class GaussianStepsKind implements CaseKind {
    @Override
    public boolean accepts(ReferenceCase c) {
        return c.name().startsWith("diffusion/q_p");
    }

    @Override
    public void run(ReferenceCase c, Findings out) {
        forward(c, out);
        for (String id : c.calls()) {
            if (!id.isEmpty()) {
                backward(c, id, new Call(c.call(id)), out);
            }
        }
    }

    private static void forward(ReferenceCase c, Findings out) {
        GaussianDiffusion d = GaussianDiffusion.dit();
        Tensor x0 = c.tensor("in.x0");
        Tensor t = c.tensor("in.t");
        out.compare("out.q_sample", d.noised(x0, t, c.tensor("in.noise")));
        Normal q = d.forward(x0, t);
        out.compare("out.q_mean", q.mean());
        out.compare("out.q_variance", q.variance());
        out.compare("out.q_log_variance", q.logVariance());
        Normal posterior = d.posterior(x0, c.tensor("in.x"), t);
        out.compare("out.posterior_mean", posterior.mean());
        out.compare("out.posterior_variance", posterior.variance());
        out.compare("out.posterior_log_variance", posterior.logVariance());
        out.compare("out.prior_bpd", d.priorBitsPerDim(x0));
    }

    private static void backward(ReferenceCase c, String id, Call call, Findings out) {
        GaussianDiffusion d = GaussianCases.diffusion(call);
        Tensor x = c.in(id, "x");
        Tensor t = c.in(id, "t");
        Tensor noise = c.in(id, "noise");
        Tensor prediction = GaussianCases.model(c, call).predict(x, d.modelTime(t), c.in(id, "y"));
        boolean clip = call.argument("clip_denoised", "True").equals("True");
        Reverse reverse = d.reverse(prediction, x, t, clip);
        Tensor x0 = reverse.x0();
        double eta = Double.parseDouble(call.argument("eta", "0"));
        out.compare(id + ".out.mean", reverse.step().mean());
        out.compare(id + ".out.variance", reverse.step().variance());
        out.compare(id + ".out.log_variance", reverse.step().logVariance());
        out.compare(id + ".out.pred_xstart", x0);
        out.compare(id + ".out.p_sample", ReverseSteps.ancestral(reverse.step(), t, noise));
        out.compare(id + ".out.ddim_sample", ReverseSteps.ddim(d, x0, x, t, eta, noise));
        out.compare(id + ".out.ddim_reverse", ReverseSteps.ddimInverse(d, x0, x, t));
    }
}
