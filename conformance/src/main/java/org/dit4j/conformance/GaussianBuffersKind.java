package org.dit4j.conformance;

import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.diffusion.NoiseSchedule;
import org.dit4j.diffusion.Table;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Tensors;

/// The float64 tables of a respaced process: `diffusion/buffers_*`.
final class GaussianBuffersKind implements CaseKind {
    @Override
    public boolean accepts(ReferenceCase c) {
        return c.name().startsWith("diffusion/buffers");
    }

    @Override
    public void run(ReferenceCase c, Findings out) {
        for (String call : c.calls()) {
            NoiseSchedule s = GaussianCases.diffusion(new Call(c.call(call))).schedule();
            tables(s)
                    .forEach((name, table) -> {
                        String full = c.named(call, "out." + name);
                        if (c.has(full)) {
                            Tensor values = Tensors.of(table.values(), table.size());
                            out.compare(full, Ops.to(values, Dtype.of(c.tensor(full))));
                        }
                    });
        }
        if (c.value("num_timesteps").isNumber()) {
            int steps = GaussianCases.diffusion(new Call(c.call(""))).steps();
            out.same("num_timesteps", c.value("num_timesteps").asInt(), steps);
        }
    }

    private static Map<String, Table> tables(NoiseSchedule s) {
        var all = new LinkedHashMap<String, Table>();
        all.put("betas", s.betas());
        all.put("alphas_cumprod", s.alphaBar());
        all.put("alphas_cumprod_prev", s.alphaBarPrevious());
        all.put("alphas_cumprod_next", s.alphaBarNext());
        all.put("sqrt_alphas_cumprod", s.dataScale());
        all.put("sqrt_one_minus_alphas_cumprod", s.noiseScale());
        all.put("log_one_minus_alphas_cumprod", s.logNoiseVariance());
        all.put("sqrt_recip_alphas_cumprod", s.inverseDataScale());
        all.put("sqrt_recipm1_alphas_cumprod", s.noiseToData());
        all.put("posterior_variance", s.posteriorVariance());
        all.put("posterior_log_variance_clipped", s.posteriorLogVariance());
        all.put("posterior_mean_coef1", s.posteriorMeanOfX0());
        all.put("posterior_mean_coef2", s.posteriorMeanOfXt());
        all.put("timestep_map", s.timesteps());
        return all;
    }
}
