package org.dit4j.diffusion;

import java.util.function.Supplier;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.Shapes;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;

/// The likelihood of data under a flow: the data is carried back to noise, and the divergence of
/// the velocity on the way, by Hutchinson's estimator, tells how much the volume changes (Chen et
/// al. 2018; Song et al. 2021, appendix D.2; SiT, `transport/transport.py`,
/// `sample_ode_likelihood`).
///
/// @param logp `[B]` estimate of the log-density of each sample, in nats
/// @param z `[B, C, ...]` the noise that it came from
public record FlowLikelihood(Tensor logp, Tensor z) {
    /// Estimates the likelihood of `x1`.
    ///
    /// @param solver from time 0 to 1, where 0 is the data: the run goes backwards
    /// @param x1 `[B, C, ...]` data
    /// @param probe gives `[B, C, ...]` random numbers of mean 0 and covariance 1 for every
    ///   evaluation, for example of [#signs]
    public static FlowLikelihood of(
            FlowMatching flow,
            OdeSolver solver,
            Denoiser model,
            Tensor x1,
            Supplier<Tensor> probe) {
        long b = x1.size(0);
        long n = x1.numel();
        OdeSolver joint =
                switch (solver) {
                    case FixedGrid grid -> grid;
                    case Dopri5 adaptive -> adaptive.with(x -> larger(x, n));
                };
        Denoiser slope = (y, t) -> slope(flow, model, y, t, probe, Shapes.of(x1));
        Tensor nothing = Ops.like(Tensors.zeros(Dtype.FLOAT32, b), x1);
        Tensor start = Ops.cat(0, x1.flatten(), nothing).unsqueeze(0); // [1, B D + B]
        Tensor end = Sampling.run(new Joint(joint), slope, start, NoiseSource.NONE).flatten();
        Tensor z = end.narrow(0, 0, n).reshape(Shapes.of(x1));
        return new FlowLikelihood(prior(z).sub(end.narrow(0, n, b)), z);
    }

    /// Returns a source of signs, -1 or 1, for probes.
    public static Supplier<Tensor> signs(Rng rng, Tensor like) {
        return () -> {
            Tensor bits = Ops.like(rng.integers(2, Shapes.of(like)), like);
            return Ops.add(Ops.mul(bits, 2), -1);
        };
    }

    /// Returns the bits per dimension of each sample, `[B]`.
    public Tensor bitsPerDim() {
        double dimensions = z.numel() / (double) z.size(0);
        return Ops.div(logp, -dimensions * Math.log(2));
    }

    /// The derivative of sample and divergence together, with time running backwards.
    private static Tensor slope(
            FlowMatching flow,
            Denoiser model,
            Tensor y,
            Tensor time,
            Supplier<Tensor> probe,
            long[] shape) {
        long n = Shapes.count(shape);
        Tensor t = Interpolant.fromOne(time).expand(shape[0]);
        return Ops.gradMode(
                true,
                () -> {
                    Tensor x = y.flatten().narrow(0, 0, n).reshape(shape).detach();
                    x = x.clone().requires_grad_(true);
                    Tensor v = flow.velocity(Prediction.mean(model.predict(x, t), x), x, t);
                    Tensor eps = probe.get();
                    Tensor pull = Ops.gradient(v.mul(eps).sum(), x);
                    Tensor divergence = pull.mul(eps).flatten(1, -1).sum(1);
                    return Ops.cat(0, v.detach().neg().flatten(), divergence).unsqueeze(0);
                });
    }

    /// Standard normal log-density, `[B]`.
    private static Tensor prior(Tensor z) {
        double dimensions = z.numel() / (double) z.size(0);
        Tensor square = z.square().flatten(1, -1).sum(1);
        return Ops.add(Ops.mul(square, -0.5), -0.5 * dimensions * Math.log(2 * Math.PI));
    }

    /// The larger of the root mean squares of the sample and of the divergence.
    private static double larger(Tensor y, long n) {
        try (var scope = TensorScope.open()) {
            Tensor flat = y.flatten();
            double sample = Dopri5.Norm.RMS.of(flat.narrow(0, 0, n));
            return Math.max(sample, Dopri5.Norm.RMS.of(flat.narrow(0, n, flat.numel() - n)));
        }
    }

    /// Lets [Sampling] run a solver whose slope is asked for directly.
    private record Joint(OdeSolver solver) implements Sampler {
        @Override
        public int calls() {
            return solver.calls();
        }

        @Override
        public SamplerState start(Tensor x) {
            return solver.start(x);
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
        public SamplerState next(SamplerState s, Tensor slope, NoiseSource noise) {
            return solver.next(s, slope);
        }
    }
}
