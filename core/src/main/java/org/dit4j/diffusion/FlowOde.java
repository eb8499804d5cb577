package org.dit4j.diffusion;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Tensors;

/// Samples along the velocity, `dx/dt = v(x, t)`, the probability flow of the process (SiT,
/// `transport/transport.py`, `sample_ode`). Draws no noise.
///
/// @param flow the process
/// @param solver for the times of [FlowMatching#odeSpan], or backwards from data to noise
public record FlowOde(FlowMatching flow, OdeSolver solver) implements Sampler {
    @Override
    public int calls() {
        return solver.calls();
    }

    @Override
    public SamplerState start(Tensor noise) {
        return solver.start(noise);
    }

    @Override
    public boolean done(SamplerState s) {
        return solver.done(s);
    }

    @Override
    public Tensor modelInput(SamplerState s) {
        return solver.point(s);
    }

    @Override
    public double timestep(SamplerState s) {
        return solver.time(s);
    }

    @Override
    public SamplerState next(SamplerState s, Tensor prediction, NoiseSource noise) {
        Tensor x = solver.point(s);
        Tensor t = times(solver.time(s), x);
        Tensor v = flow.velocity(Prediction.mean(prediction, x), x, t);
        SamplerState next = solver.next(s, v);
        Tensor data = flow.path().dataOfVelocity(v, x, t);
        return new SamplerState(next.x(), next.call(), next.history(), data);
    }

    /// Returns `time` for each sample of `x`, `[B]`.
    static Tensor times(double time, Tensor x) {
        return Ops.like(Tensors.full(time, Dtype.FLOAT32, x.size(0)), x);
    }
}
