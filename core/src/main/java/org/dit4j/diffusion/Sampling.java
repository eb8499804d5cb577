package org.dit4j.diffusion;

import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;

/// The usual loop around a [Sampler]: one scope per model call, so memory stays flat however many
/// there are.
public final class Sampling {
    private Sampling() {}

    /// Samples from `start` to the end, without recording for gradients.
    ///
    /// @param start `[B, C, ...]` standard normal
    /// @return `[B, C, ...]` in the caller's scope
    public static Tensor run(
            Sampler sampler, RunDenoiser denoiser, Tensor start, NoiseSource noise) {
        return run(sampler, denoiser, sampler.start(start, noise), noise, Progress.NONE).x();
    }

    /// The same for a network that remembers nothing.
    public static Tensor run(Sampler sampler, Denoiser denoiser, Tensor start, NoiseSource noise) {
        return run(sampler, (RunDenoiser) denoiser, start, noise);
    }

    /// Goes on from `from` until the sampler is done or `progress` says stop.
    ///
    /// @param from borrowed: its tensors stay alive
    /// @return the state reached, in the caller's scope; [Sampler#done] tells whether it is the end
    public static SamplerState run(
            Sampler sampler,
            RunDenoiser denoiser,
            SamplerState from,
            NoiseSource noise,
            Progress progress) {
        return Ops.noGrad(() -> {
            SamplerState s = from;
            boolean more = true;
            while (more && !sampler.done(s)) {
                SamplerState before = s;
                s = advance(sampler, denoiser, before, noise);
                if (before != from) {
                    release(before, List.of(from, s));
                }
                more = progress.proceed(s, sampler.calls());
            }
            return s;
        });
    }

    /// The same for a network that remembers nothing.
    public static SamplerState run(
            Sampler sampler,
            Denoiser denoiser,
            SamplerState from,
            NoiseSource noise,
            Progress progress) {
        return run(sampler, (RunDenoiser) denoiser, from, noise, progress);
    }

    /// Makes one model call in a scope of its own.
    ///
    /// @return the next state, in the caller's scope
    public static SamplerState advance(
            Sampler sampler, RunDenoiser denoiser, SamplerState s, NoiseSource noise) {
        try (var scope = TensorScope.open()) {
            Tensor x = sampler.modelInput(s);
            Tensor t = Tensors.full(sampler.timestep(s), Dtype.FLOAT32, x.size(0));
            RunDenoiser.Reply reply = denoiser.predict(x, t, s.memory());
            SamplerState next = sampler.next(s, reply.prediction(), noise).with(reply.memory());
            Set<Tensor> old = tensors(List.of(s));
            tensors(List.of(next)).stream().filter(k -> !old.contains(k)).forEach(scope::promote);
            return next;
        }
    }

    /// The same for a network that remembers nothing.
    public static SamplerState advance(
            Sampler sampler, Denoiser denoiser, SamplerState s, NoiseSource noise) {
        return advance(sampler, (RunDenoiser) denoiser, s, noise);
    }

    /// Frees what only `state` holds.
    private static void release(SamplerState state, List<SamplerState> others) {
        Set<Tensor> kept = tensors(others);
        tensors(List.of(state)).stream().filter(k -> !kept.contains(k)).forEach(Tensor::close);
    }

    private static Set<Tensor> tensors(List<SamplerState> states) {
        Set<Tensor> all = Collections.newSetFromMap(new IdentityHashMap<>());
        for (SamplerState s : states) {
            var parts = new ArrayList<>(s.history());
            s.memory().all().forEach(parts::add);
            parts.add(s.x());
            if (s.x0() != null) {
                parts.add(s.x0());
            }
            all.addAll(parts);
        }
        return all;
    }
}
