package org.dit4j.diffusion;

import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Shapes;
import org.jspecify.annotations.Nullable;

/// Denoising diffusion implicit models (Song et al. 2021; DiT, `gaussian_diffusion.py`,
/// `ddim_sample_loop`). Draws noise at every step, used or not, as the original does.
///
/// @param diffusion the process, already in the number of steps to take
/// @param eta 0 for the deterministic method, 1 for the noise of DDPM
/// @param clip whether to limit the predicted data to [-1, 1]; not for latents
/// @param gradient what to steer by, or null
public record DdimSampler(
        GaussianDiffusion diffusion, double eta, boolean clip, @Nullable ScoreGradient gradient)
        implements Sampler {
    /// Checks eta.
    public DdimSampler {
        ConfigException.require(eta >= 0 && eta <= 1, "eta must be in [0, 1], not %s", eta);
    }

    /// Returns the sampler that steers by nothing.
    public static DdimSampler of(GaussianDiffusion diffusion, double eta, boolean clip) {
        return new DdimSampler(diffusion, eta, clip, null);
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
        Tensor t = DdpmSampler.index(x, calls() - 1 - s.call());
        Tensor free = diffusion.reverse(prediction, x, t, clip).x0();
        Tensor x0 = gradient == null ? free : steered(gradient, free, x, t);
        Tensor draw = Ops.like(noise.normal(Shapes.of(x)), x);
        return s.after(ReverseSteps.ddim(diffusion, x0, x, t, eta, draw), List.of(), x0);
    }

    private Tensor steered(ScoreGradient by, Tensor x0, Tensor x, Tensor t) {
        return ReverseSteps.guidedData(diffusion, x0, x, t, by.at(x, diffusion.modelTime(t)));
    }
}
