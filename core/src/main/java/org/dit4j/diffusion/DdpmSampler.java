package org.dit4j.diffusion;

import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Shapes;
import org.dit4j.tensor.Tensors;
import org.jspecify.annotations.Nullable;

/// Ancestral sampling (Ho et al. 2020, algorithm 2; DiT, `gaussian_diffusion.py`, `p_sample_loop`).
/// Draws noise at every step, also at the last, which does not use it.
///
/// @param diffusion the process, already in the number of steps to take
/// @param clip whether to limit the predicted data to [-1, 1]; not for latents
/// @param gradient what to steer by, or null
public record DdpmSampler(
        GaussianDiffusion diffusion, boolean clip, @Nullable ScoreGradient gradient)
        implements Sampler {
    /// Returns the sampler that steers by nothing.
    public static DdpmSampler of(GaussianDiffusion diffusion, boolean clip) {
        return new DdpmSampler(diffusion, clip, null);
    }

    @Override
    public int calls() {
        return diffusion.steps();
    }

    @Override
    public double timestep(SamplerState s) {
        return diffusion.schedule().timesteps().at(calls() - 1 - s.call());
    }

    @Override
    public List<Float> knownTimes() {
        return diffusion.schedule().timesteps().floats();
    }

    @Override
    public SamplerState next(SamplerState s, Tensor prediction, NoiseSource noise) {
        Tensor x = s.x();
        Tensor t = index(x, calls() - 1 - s.call());
        Reverse reverse = diffusion.reverse(prediction, x, t, clip);
        Normal step =
                gradient == null
                        ? reverse.step()
                        : ReverseSteps.guided(
                                reverse.step(), gradient.at(x, diffusion.modelTime(t)));
        Tensor draw = Ops.like(noise.normal(Shapes.of(x)), x);
        return s.after(ReverseSteps.ancestral(step, t, draw), List.of(), reverse.x0());
    }

    /// Returns `step` for each sample of `x`, int64 `[B]` on the CPU, where tables look it up.
    static Tensor index(Tensor x, int step) {
        return Tensors.full(step, Dtype.INT64, x.size(0));
    }
}
