package org.dit4j.diffusion;

import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.tensor.Ops;
import org.jspecify.annotations.Nullable;

/// A run of a method that starts from data with noise instead of noise alone, at a later step
/// (SDEdit, Meng et al. 2022, arXiv:2108.01073), and that may keep to the data in places, which are
/// put back with the noise of the moment after every call (Lugmayr et al. 2022, arXiv:2201.09865,
/// equation 8; diffusers, `pipeline_stable_diffusion_3_img2img.py` and
/// `pipeline_stable_diffusion_3_inpaint.py`).
///
/// @param method the method of the whole run
/// @param data `[B, C, ...]`
/// @param noise `[B, C, ...]` standard normal, the one noise of the whole run
/// @param step the first step that is taken
/// @param mask what is sampled: 1; what is kept: 0; of a shape that broadcasts to that of the data.
///   Null for everything
public record SdEdit(Sampler method, Tensor data, Tensor noise, int step, @Nullable Tensor mask)
        implements Sampler {
    /// Checks the step.
    public SdEdit {
        ConfigException.require(
                step >= 0 && method.callsBefore(step) < method.calls(),
                "a run cannot start at step %d of %d calls",
                step,
                method.calls());
    }

    /// Returns the first of `steps` steps that is taken: the last `strength` of them are, rounded
    /// up.
    ///
    /// @param strength above 0, at most 1: the share of noise in what the run starts from, on the
    ///   scale of its steps
    public static int firstStep(int steps, double strength) {
        ConfigException.require(
                strength > 0 && strength <= 1,
                "the strength must be above 0 and at most 1 but is %s",
                strength);
        return (int) (steps - Math.min(steps * strength, steps));
    }

    @Override
    public int calls() {
        return method.calls();
    }

    /// Returns the state before the first call.
    ///
    /// @param ignored the run has its own noise
    @Override
    public SamplerState start(Tensor ignored) {
        int call = method.callsBefore(step);
        return new SamplerState(method.noised(data, noise, call), call, List.of(), null);
    }

    @Override
    public boolean done(SamplerState s) {
        return method.done(s);
    }

    @Override
    public Tensor modelInput(SamplerState s) {
        return method.modelInput(s);
    }

    @Override
    public double timestep(SamplerState s) {
        return method.timestep(s);
    }

    @Override
    public List<Float> knownTimes() {
        return method.knownTimes();
    }

    @Override
    public SamplerState next(SamplerState s, Tensor prediction, NoiseSource draws) {
        return kept(method.next(s, prediction, draws));
    }

    /// Returns a state of the method with the data put back where it is kept.
    public SamplerState kept(SamplerState s) {
        if (mask == null) {
            return s;
        }
        Tensor there = method.noised(data, noise, s.call());
        Tensor x = blended(s.x(), there, Ops.like(mask, there));
        return new SamplerState(x, s.call(), s.history(), s.x0());
    }

    private static Tensor blended(Tensor sampled, Tensor kept, Tensor share) {
        return sampled.mul(share).add(kept.mul(Ops.add(Ops.mul(share, -1), 1)));
    }

    @Override
    public Tensor noised(Tensor other, Tensor otherNoise, int call) {
        return method.noised(other, otherNoise, call);
    }

    @Override
    public int callsBefore(int other) {
        return method.callsBefore(other);
    }
}
