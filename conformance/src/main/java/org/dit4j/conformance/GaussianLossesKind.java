package org.dit4j.conformance;

import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.diffusion.GaussianDiffusion;
import org.dit4j.diffusion.LossTerms;
import org.dit4j.diffusion.NoiseSource;
import org.dit4j.diffusion.VariationalBound;
import org.jspecify.annotations.Nullable;

/// The training losses with their gradients, and bits per dimension: `diffusion/losses`.
final class GaussianLossesKind implements CaseKind {
    @Override
    public boolean accepts(ReferenceCase c) {
        return c.name().startsWith("diffusion/losses");
    }

    @Override
    public void run(ReferenceCase c, Findings out) {
        for (String id : c.calls()) {
            var call = new Call(c.call(id));
            if (call.contains("calc_bpd_loop")) {
                bits(c, id, call, out);
            } else {
                losses(c, id, call, out);
            }
        }
    }

    private static void losses(ReferenceCase c, String id, Call call, Findings out) {
        AnalyticModel model = GaussianCases.model(c, call).trainable();
        Tensor x0 = c.in(id, "x0");
        LossTerms terms =
                GaussianCases.loss(call)
                        .of(
                                GaussianCases.denoiser(model, c.in(id, "y")),
                                x0,
                                c.in(id, "t"),
                                c.in(id, "noise"));
        compare(c, id, "loss", terms.loss(), out);
        compare(c, id, "mse", terms.mse(), out);
        compare(c, id, "vb", terms.vb(), out);
        terms.loss().mean().backward();
        List<String> names = model.names();
        for (int i = 0; i < names.size(); i++) {
            compare(c, id, "grad." + names.get(i), model.parameters().get(i).grad(), out);
        }
    }

    private static void bits(ReferenceCase c, String id, Call call, Findings out) {
        GaussianDiffusion diffusion = GaussianCases.diffusion(call);
        VariationalBound.Bits bits =
                VariationalBound.evaluate(
                        diffusion,
                        GaussianCases.denoiser(GaussianCases.model(c, call), c.in(id, "y")),
                        c.in(id, "x0"),
                        NoiseSource.replay(c.in(id, "noise")),
                        call.argument("clip_denoised", "True").equals("True"));
        compare(c, id, "total_bpd", bits.total(), out);
        compare(c, id, "prior_bpd", bits.prior(), out);
        compare(c, id, "vb", bits.terms(), out);
        compare(c, id, "xstart_mse", bits.x0Error(), out);
        compare(c, id, "mse", bits.noiseError(), out);
    }

    private static void compare(
            ReferenceCase c, String id, String name, @Nullable Tensor actual, Findings out) {
        String full = c.named(id, "out." + name);
        if (actual != null && c.has(full)) {
            out.compare(full, actual);
        }
    }
}
