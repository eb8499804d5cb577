package org.dit4j.diffusion;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;

/// Solves `dx/dt = f(t, x)`, one evaluation of f at a time, as a pure state machine: [Sampler]
/// without a network's meaning of the answer. The methods and their step control are those of
/// torchdiffeq, which SiT samples with.
public sealed interface OdeSolver permits FixedGrid, Dopri5 {
    /// Returns how many evaluations a run makes; for adaptive methods the most it may make.
    int calls();

    /// Returns the state before the first evaluation.
    default SamplerState start(Tensor x) {
        return SamplerState.first(x);
    }

    /// Returns whether `s.x()` is the solution at the end.
    boolean done(SamplerState s);

    /// Returns where f is to be evaluated now.
    Tensor point(SamplerState s);

    /// Returns the time at which f is to be evaluated now.
    double time(SamplerState s);

    /// Takes f at [#point] and [#time] and returns the state after it.
    SamplerState next(SamplerState s, Tensor slope);

    /// Returns `n` times from one end to the other in equal steps, rounded to float32 as
    /// `torch.linspace` does.
    static Table grid(FlowMatching.Span span, int n) {
        try (var scope = TensorScope.open()) {
            float[] times = Tensors.floats(Tensors.linspace(span.from(), span.to(), n));
            return Table.of(n, i -> times[i]);
        }
    }
}
