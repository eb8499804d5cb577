package org.dit4j.conformance;

import java.util.ArrayList;
import java.util.regex.Pattern;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.diffusion.Denoiser;
import org.dit4j.diffusion.DpmSolverSampler;
import org.dit4j.diffusion.FlowLevels;
import org.dit4j.diffusion.NoiseLevels;
import org.dit4j.diffusion.NoiseSource;
import org.dit4j.diffusion.Sampler;
import org.dit4j.diffusion.SamplerFactory;
import org.dit4j.diffusion.SamplerState;
import org.dit4j.diffusion.Sampling;
import org.dit4j.diffusion.SchedulerConfig;
import org.dit4j.diffusion.StridedDdim;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Tensors;

/// Whole runs of the schedulers of diffusers, each read from its `scheduler_config.json`, for the
/// classes that this library has: the cases of `schedulers` and `schedulers/published`.
final class SchedulersKind implements CaseKind {
    private static final Pattern KNOWN =
            Pattern.compile("\\b(DDPM|DDIM|DPMSolverMultistep)Scheduler[.(]");

    @Override
    public boolean accepts(ReferenceCase c) {
        boolean whole = c.name().startsWith("schedulers/");
        return whole && KNOWN.matcher(c.json().path("calls").toString()).find();
    }

    @Override
    public void run(ReferenceCase c, Findings out) {
        var config = SchedulerConfig.read(c.modelFolder().resolve("scheduler_config.json"));
        for (String id : c.calls()) {
            run(c, id, config.sampler(), out);
        }
    }

    private static void run(ReferenceCase c, String id, SamplerFactory factory, Findings out) {
        int steps = Integer.parseInt(id.substring(1));
        double eta = Double.parseDouble(new Call(c.call(id)).argument("eta", "0"));
        Sampler sampler =
                (factory instanceof StridedDdim ddim ? ddim.withEta(eta) : factory).steps(steps);
        var model = AnalyticModel.of(c, "model");
        Denoiser denoiser = (x, t) -> model.predict(x, t, null);
        NoiseSource noise =
                c.hasIn(id, "step_noise")
                        ? NoiseSource.replay(c.in(id, "step_noise"))
                        : NoiseSource.NONE;
        var times = new ArrayList<Long>();
        var inputs = new ArrayList<Tensor>();
        var samples = new ArrayList<Tensor>();
        var data = new ArrayList<Tensor>();
        SamplerState s = sampler.start(c.in(id, "noise"));
        while (!sampler.done(s)) {
            times.add((long) sampler.timestep(s));
            inputs.add(sampler.modelInput(s));
            s = Sampling.advance(sampler, denoiser, s, noise);
            samples.add(s.x());
            data.add(s.x0());
        }
        long[] visited = times.stream().mapToLong(Long::longValue).toArray();
        out.compare(c.named(id, "out.timesteps"), Tensors.of(visited, visited.length));
        out.compare(c.named(id, "out.model_input"), Ops.stack(0, inputs));
        out.compare(c.named(id, "out.traj"), Ops.stack(0, samples));
        if (c.has(c.named(id, "out.x0"))) {
            out.compare(c.named(id, "out.x0"), Ops.stack(0, data));
        }
        if (sampler instanceof DpmSolverSampler solver) {
            out.compare(c.named(id, "out.sigmas"), sigmas(solver));
        }
    }

    /// diffusers measures the noise of a Gaussian diffusion in units of the data.
    static Tensor sigmas(DpmSolverSampler solver) {
        NoiseLevels levels = solver.levels();
        boolean flow = solver.method().spacing() instanceof FlowLevels;
        int n = levels.sigma().size();
        var sigmas = new double[n];
        for (int i = 0; i < n; i++) {
            sigmas[i] = levels.sigma().at(i) / (flow ? 1 : levels.alpha().at(i));
        }
        return Tensors.of(sigmas, n);
    }
}
