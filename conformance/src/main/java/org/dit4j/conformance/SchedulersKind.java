package org.dit4j.conformance;

import java.util.ArrayList;
import java.util.regex.Pattern;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.diffusion.Churn;
import org.dit4j.diffusion.Denoiser;
import org.dit4j.diffusion.Euler;
import org.dit4j.diffusion.LeveledSampler;
import org.dit4j.diffusion.NoiseLevels;
import org.dit4j.diffusion.NoiseSource;
import org.dit4j.diffusion.Sampler;
import org.dit4j.diffusion.SamplerFactory;
import org.dit4j.diffusion.SamplerState;
import org.dit4j.diffusion.Sampling;
import org.dit4j.diffusion.SchedulerConfig;
import org.dit4j.diffusion.StridedDdim;
import org.dit4j.diffusion.Tcd;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Tensors;

/// Whole runs of the schedulers of diffusers, each read from its `scheduler_config.json`: the cases
/// of `schedulers` and `schedulers/published`.
final class SchedulersKind implements CaseKind {
    private static final Pattern SCHEDULER = Pattern.compile("\\b\\w+Scheduler[.(]");

    private static final Tolerance DEIS =
            Tolerance.of(
                    2e-4,
                    "diffusers computes the coefficients of DEIS in float32 as differences of numbers"
                            + " that are hundreds of times larger");

    private static final Tolerance FAR_FROM_DATA =
            Tolerance.of(
                    2e-4,
                    "the sample begins at thousands of times the noise, which float32 resolves to"
                            + " 1e-3, and the data is the small difference of such numbers");
    private static final double FAR = 1000;

    @Override
    public boolean accepts(ReferenceCase c) {
        boolean whole = c.name().startsWith("schedulers/");
        return whole && SCHEDULER.matcher(c.json().path("calls").toString()).find();
    }

    @Override
    public void run(ReferenceCase c, Findings out) {
        var config = SchedulerConfig.read(c.modelFolder().resolve("scheduler_config.json"));
        for (String id : c.calls()) {
            // published configurations have one text for all calls
            String text = c.call(id).isEmpty() ? c.call("") : c.call(id);
            SamplerFactory method = called(config.sampler(), new Call(text));
            run(c, id, method, config, out);
        }
    }

    /// What diffusers takes as arguments of `set_timesteps` and `step`.
    private static SamplerFactory called(SamplerFactory method, Call call) {
        String mu = call.argument("mu", "");
        String eta = call.argument("eta", "");
        SamplerFactory sized = mu.isEmpty() ? method : method.withMu(Double.parseDouble(mu));
        return switch (sized) {
            case StridedDdim ddim when !eta.isEmpty() -> ddim.withEta(Double.parseDouble(eta));
            case Tcd tcd when !eta.isEmpty() -> tcd.withEta(Double.parseDouble(eta));
            case Euler euler when call.contains("s_churn") -> euler.with(churn(call));
            default -> sized;
        };
    }

    private static Churn churn(Call call) {
        return new Churn(
                Double.parseDouble(call.argument("s_churn", "0")),
                Double.parseDouble(call.argument("s_tmin", "0")),
                Double.parseDouble(call.argument("s_tmax", "Infinity")),
                Double.parseDouble(call.argument("s_noise", "1")));
    }

    private static void run(
            ReferenceCase c,
            String id,
            SamplerFactory method,
            SchedulerConfig config,
            Findings out) {
        Sampler sampler = method.steps(Integer.parseInt(id.substring(1)));
        var model = AnalyticModel.of(c, "model");
        Denoiser denoiser = (x, t) -> model.predict(x, t, null);
        NoiseSource noise =
                c.hasIn(id, "step_noise")
                        ? NoiseSource.replay(c.in(id, "step_noise"))
                        : NoiseSource.NONE;
        var times = new ArrayList<Double>();
        var inputs = new ArrayList<Tensor>();
        var samples = new ArrayList<Tensor>();
        var data = new ArrayList<Tensor>();
        SamplerState s = sampler.start(c.in(id, "noise"));
        while (!sampler.done(s)) {
            times.add(sampler.timestep(s));
            inputs.add(sampler.modelInput(s));
            s = Sampling.advance(sampler, denoiser, s, noise);
            samples.add(s.x());
            data.add(s.x0());
        }
        Tensor expected = c.tensor(c.named(id, "out.timesteps"));
        if (expected.size(0) == times.size() + 1) {
            // SCMScheduler counts the end too
            times.add(0.0);
        }
        double[] visited = times.stream().mapToDouble(Double::doubleValue).toArray();
        Tensor timesteps = Tensors.of(visited, visited.length);
        out.compare(c.named(id, "out.timesteps"), timesteps.to(expected.scalar_type()));
        Tolerance tolerance = tolerance(config, sampler);
        out.compare(c.named(id, "out.model_input"), Ops.stack(0, inputs), tolerance);
        out.compare(c.named(id, "out.traj"), Ops.stack(0, samples), tolerance);
        if (c.has(c.named(id, "out.x0"))) {
            out.compare(c.named(id, "out.x0"), Ops.stack(0, data), tolerance);
        }
        if (c.has(c.named(id, "out.sigmas")) && sampler instanceof LeveledSampler leveled) {
            out.compare(c.named(id, "out.sigmas"), sigmas(leveled, config.training().isPresent()));
        }
    }

    private static Tolerance tolerance(SchedulerConfig config, Sampler sampler) {
        if (config.className().startsWith("DEIS")) {
            return DEIS;
        }
        boolean scaled = config.className().matches("(Euler|Heun).*");
        boolean far =
                sampler instanceof LeveledSampler leveled
                        && leveled.levels().sigma().at(0) > FAR * leveled.levels().alpha().at(0);
        return scaled && far ? FAR_FROM_DATA : Tolerance.FLOAT32;
    }

    /// diffusers measures the noise of a Gaussian diffusion in units of the data, and lists the
    /// levels once for each call that ends or begins there.
    static Tensor sigmas(LeveledSampler sampler, boolean gaussian) {
        NoiseLevels levels = sampler.levels();
        int n = levels.timesteps().size();
        boolean twice = sampler.calls() > n;
        var sigmas = new ArrayList<Double>();
        for (int i = 0; i <= n; i++) {
            double sigma = levels.sigma().at(i) / (gaussian ? levels.alpha().at(i) : 1);
            sigmas.add(sigma);
            if (twice && i > 0 && i < n) {
                sigmas.add(sigma);
            }
        }
        double[] all = sigmas.stream().mapToDouble(Double::doubleValue).toArray();
        return Tensors.of(all, all.length);
    }
}
