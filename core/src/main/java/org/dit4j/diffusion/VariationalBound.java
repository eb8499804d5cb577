package org.dit4j.diffusion;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Shapes;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;

/// How well a network compresses data: the variational bound on the likelihood (Ho et al. 2020,
/// equation 5), in bits per dimension (DiT, `gaussian_diffusion.py`: `_vb_terms_bpd`,
/// `calc_bpd_loop`).
public final class VariationalBound {
    private VariationalBound() {}

    /// One step's share of the bound.
    ///
    /// @param bits `[B]`: the divergence from the true posterior; at t = 0 the negative log
    ///   likelihood of the data as 8-bit values
    /// @param x0 `[B, C, ...]` the data as predicted
    public record Term(Tensor bits, Tensor x0) {}

    /// The bound of a whole process; tensors `[B]` and `[B, T]`, T in the order of the reverse
    /// process: the last step first.
    ///
    /// @param total bits per dimension of the whole code
    /// @param prior bits per dimension of the last x_t
    /// @param terms bits per dimension of each step
    /// @param x0Error mean squared error of the predicted data at each step
    /// @param noiseError mean squared error of the predicted noise at each step
    public record Bits(
            Tensor total, Tensor prior, Tensor terms, Tensor x0Error, Tensor noiseError) {}

    /// Returns one step's share for a given prediction.
    ///
    /// @param prediction of the network at x_t
    /// @param clip whether to limit the predicted data to [-1, 1]
    public static Term term(
            GaussianDiffusion diffusion,
            Tensor prediction,
            Tensor x0,
            Tensor xt,
            Tensor t,
            boolean clip) {
        Normal truth = diffusion.posterior(x0, xt, t);
        Reverse guess = diffusion.reverse(prediction, xt, t, clip);
        Normal step = guess.step();
        Tensor kl =
                Likelihood.normalKl(
                        truth.mean(), truth.logVariance(), step.mean(), step.logVariance());
        Tensor likelihood =
                Likelihood.discretized(x0, step.mean(), Ops.mul(step.logVariance(), 0.5));
        Tensor first = Ops.equalTo(t.to(x0.device(), t.scalar_type()), 0);
        Tensor nats = Likelihood.bitsPerDim(likelihood).neg();
        return new Term(Ops.where(first, nats, Likelihood.bitsPerDim(kl)), guess.x0());
    }

    /// Evaluates every step of the process on the data, each with fresh noise, without gradients.
    ///
    /// @param x0 `[B, C, ...]` in [-1, 1]
    /// @param clip whether to limit the predicted data to [-1, 1]
    public static Bits evaluate(
            GaussianDiffusion diffusion,
            Denoiser model,
            Tensor x0,
            NoiseSource noise,
            boolean clip) {
        return Ops.noGrad(() -> whole(diffusion, model, x0, noise, clip));
    }

    private static Bits whole(
            GaussianDiffusion diffusion,
            Denoiser model,
            Tensor x0,
            NoiseSource source,
            boolean clip) {
        List<Tensor> rows = new ArrayList<>();
        for (int step = diffusion.steps() - 1; step >= 0; step--) {
            int at = step;
            rows.add(TensorScope.compute(() -> row(diffusion, model, x0, source, clip, at)));
        }
        Tensor all = Ops.stack(2, rows); // [3, B, T]
        Tensor terms = all.select(0, 0);
        Tensor prior = diffusion.priorBitsPerDim(x0);
        Tensor total = terms.sum(1).add(prior);
        return new Bits(total, prior, terms, all.select(0, 1), all.select(0, 2));
    }

    /// Returns bits, squared error of the data and squared error of the noise, `[3, B]`.
    private static Tensor row(
            GaussianDiffusion diffusion,
            Denoiser model,
            Tensor x0,
            NoiseSource source,
            boolean clip,
            int step) {
        var times = new long[(int) x0.size(0)];
        Arrays.fill(times, step);
        Tensor t = Tensors.of(times, times.length);
        t = t.to(x0.device(), t.scalar_type());
        Tensor noise = Ops.like(source.normal(Shapes.of(x0)), x0);
        Tensor xt = diffusion.noised(x0, t, noise);
        Term term = term(diffusion, model.predict(xt, diffusion.modelTime(t)), x0, xt, t, clip);
        Tensor x0Error = Ops.meanFlat(term.x0().sub(x0).square());
        Tensor eps = diffusion.noiseOf(term.x0(), xt, t);
        return Ops.stack(0, term.bits(), x0Error, Ops.meanFlat(eps.sub(noise).square()));
    }
}
