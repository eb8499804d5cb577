package org.dit4j.conformance;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.diffusion.Denoiser;
import org.dit4j.diffusion.Dopri5;
import org.dit4j.diffusion.FixedGrid;
import org.dit4j.diffusion.FlowLikelihood;
import org.dit4j.diffusion.FlowMatching;
import org.dit4j.diffusion.FlowOde;
import org.dit4j.diffusion.FlowTarget;
import org.dit4j.diffusion.Interpolant;
import org.dit4j.diffusion.NoiseSource;
import org.dit4j.diffusion.OdeSolver;
import org.dit4j.diffusion.RungeKutta;
import org.dit4j.diffusion.SamplerState;
import org.dit4j.diffusion.Sampling;
import org.dit4j.diffusion.Table;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Tensors;

/// Trajectories along the velocity and likelihoods: `diffusion/transport_ode`.
final class FlowOdeKind implements CaseKind {
    private static final Tolerance ADAPTIVE =
            Tolerance.of(1e-3, "the choice of steps turns on rounding");

    @Override
    public boolean accepts(ReferenceCase c) {
        return c.name().startsWith("diffusion/transport_ode");
    }

    @Override
    public void run(ReferenceCase c, Findings out) {
        for (String id : c.calls()) {
            String call = c.call(id);
            FlowMatching flow =
                    call.contains("create_transport")
                            ? FlowCases.flow(call)
                            : FlowMatching.of(Interpolant.LINEAR, FlowTarget.VELOCITY);
            var arguments = new Call(call);
            boolean reverse = arguments.argument("reverse", "False").equals("True");
            FlowMatching.Span span = reverse ? flow.odeSpan().reversed() : flow.odeSpan();
            if (call.contains("likelihood")) {
                likelihood(c, id, flow, span, out);
            } else {
                trajectory(c, id, flow, span, out);
            }
        }
    }

    private static void trajectory(
            ReferenceCase c, String id, FlowMatching flow, FlowMatching.Span span, Findings out) {
        var call = new Call(c.call(id));
        Table times = OdeSolver.grid(span, Integer.parseInt(call.argument("num_steps", "50")));
        if (c.has(id + ".out.t")) {
            var floats = new float[times.size()];
            for (int i = 0; i < floats.length; i++) {
                floats[i] = (float) times.at(i);
            }
            out.compare(id + ".out.t", Tensors.of(floats, floats.length));
        }
        Denoiser denoiser = FlowCases.denoiser(c, id, flow.target());
        String method = method(c.call(id));
        Tensor start = c.in(id, "noise");
        String traj = id + ".out.traj";
        if (method.equals("dopri5")) {
            out.compare(traj, adaptive(flow, call, times, denoiser, start), ADAPTIVE);
        } else {
            var solver = new FixedGrid(named(method), times);
            out.compare(traj, fixed(new FlowOde(flow, solver), denoiser, start));
        }
    }

    private static Tensor fixed(FlowOde sampler, Denoiser denoiser, Tensor start) {
        int stages = sampler.calls() / (((FixedGrid) sampler.solver()).times().size() - 1);
        List<Tensor> points = new ArrayList<>(List.of(start));
        SamplerState s = sampler.start(start);
        while (!sampler.done(s)) {
            s = Sampling.advance(sampler, denoiser, s, NoiseSource.NONE);
            if (s.call() % stages == 0) {
                points.add(s.x());
            }
        }
        return Ops.stack(0, points);
    }

    /// The steps do not depend on where the run ends, so a run to each time gives what the
    /// reference interpolates there.
    private static Tensor adaptive(
            FlowMatching flow, Call call, Table times, Denoiser denoiser, Tensor start) {
        List<Tensor> points = new ArrayList<>(List.of(start));
        for (int i = 1; i < times.size(); i++) {
            OdeSolver solver = adaptive(call, new FlowMatching.Span(times.at(0), times.at(i)));
            points.add(Sampling.run(new FlowOde(flow, solver), denoiser, start, NoiseSource.NONE));
        }
        return Ops.stack(0, points);
    }

    private static void likelihood(
            ReferenceCase c, String id, FlowMatching flow, FlowMatching.Span span, Findings out) {
        var call = new Call(c.call(id));
        String method = method(c.call(id));
        boolean adaptive = method.equals("dopri5");
        int points = Integer.parseInt(call.argument("num_steps", "50"));
        OdeSolver solver =
                adaptive ? adaptive(call, span) : FixedGrid.of(named(method), span, points - 1);
        FlowLikelihood found =
                FlowLikelihood.of(
                        flow,
                        solver,
                        FlowCases.denoiser(c, id, flow.target()),
                        Ops.mul(c.in(id, "noise"), 0.5),
                        () -> c.in(id, "eps"));
        Tolerance tolerance = adaptive ? ADAPTIVE : Tolerance.FLOAT32;
        out.compare(id + ".out.logp", found.logp(), tolerance);
        out.compare(id + ".out.z", found.z(), tolerance);
    }

    private static Dopri5 adaptive(Call call, FlowMatching.Span span) {
        return Dopri5.of(
                span,
                Double.parseDouble(call.argument("rtol", "1e-3")),
                Double.parseDouble(call.argument("atol", "1e-6")));
    }

    private static String method(String call) {
        for (String name : List.of("dopri5", "midpoint", "heun2", "heun3", "rk4")) {
            if (call.contains("'" + name + "'")) {
                return name;
            }
        }
        return "euler";
    }

    private static RungeKutta named(String method) {
        return RungeKutta.valueOf(method.toUpperCase(java.util.Locale.ROOT));
    }
}
