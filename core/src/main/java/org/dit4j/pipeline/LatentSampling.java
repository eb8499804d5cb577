package org.dit4j.pipeline;

import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.diffusion.Caching;
import org.dit4j.diffusion.Denoiser;
import org.dit4j.diffusion.FirstBlockCache;
import org.dit4j.diffusion.Guidance;
import org.dit4j.diffusion.Memory;
import org.dit4j.diffusion.NoiseSource;
import org.dit4j.diffusion.Progress;
import org.dit4j.diffusion.RunDenoiser;
import org.dit4j.diffusion.Sampler;
import org.dit4j.diffusion.SamplerState;
import org.dit4j.diffusion.Sampling;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Turn;

/// What all pipelines share, whatever their latents stand for: the sampling method, guidance and
/// the way from noise to latents.
///
/// @param process what the network was trained on
/// @param network what it needs
record LatentSampling(DiffusionProcess process, SampledNetwork network) {
    /// How many pictures go through a network at once: more need more memory but no less time.
    static final int CHUNK = 16;

    /// A network with the conditions of all results of a request closed over.
    interface Conditioned {
        /// Returns the network for the results `from` to `from + n`.
        ///
        /// @param paired whether for a batch of twice the size, whose second half is unconditional
        Denoiser of(long from, long n, boolean paired);
    }

    /// Returns the method of a resolved request.
    ///
    /// @param tokens how many the network makes of a sample
    /// @throws ConfigException if the sampler is not there, or the network cannot have the cache
    Sampler sampler(GenerationRequest r, long tokens) {
        ConfigException.require(
                network.splits() || !(r.caching() instanceof FirstBlockCache),
                "this network has no cache of its first block: take taylor or step instead of %s",
                r.caching().text());
        return network.onLevels(process.sampler(r.sampler(), tokens)).steps(r.steps());
    }

    /// Returns guidance on the time axis of the network.
    Guidance guidance(Guide g) {
        return network.guidance(g).during(process.times(g.from(), g.to())).rescaled(g.rescale());
    }

    /// Samples.
    ///
    /// @param r resolved
    /// @param noise `[B, C, ...]` standard normal
    /// @param rng for methods that draw more of it
    /// @return latents `[B, C, ...]` in the caller's scope: the data as predicted by the last call
    ///   where `progress` stopped the run
    Tensor run(
            GenerationRequest r,
            Sampler sampler,
            RunDenoiser denoiser,
            Tensor noise,
            Rng rng,
            Progress progress) {
        NoiseSource all = NoiseSource.of(rng);
        NoiseSource draws =
                network.drawsTwice() && r.guide().scale() != 1 ? all.firstOfPair() : all;
        sampler.remarks().forEach(progress::remark);
        SamplerState first = sampler.start(noise, draws);
        SamplerState end = Sampling.run(sampler, denoiser, first, draws, progress);
        return sampler.done(end) || end.x0() == null ? end.x() : end.x0();
    }

    /// Returns the network as a sampler calls it: guided, [#CHUNK] of the batch after the other.
    static Denoiser denoiser(Conditioned network, Guidance guidance) {
        return denoiser(network, guidance, CHUNK);
    }

    /// Returns the network as a sampler calls it, without a cache.
    static Denoiser denoiser(Conditioned network, Guidance guidance, int chunk) {
        RunDenoiser run = denoiser(network, guidance, Caching.OFF, chunk);
        return (x, t) -> run.predict(x, t, Memory.NONE).prediction();
    }

    /// Returns the network as the sampler of a run calls it: guided, a part of the batch after the
    /// other so that memory stays bounded. Each part remembers by itself.
    static RunDenoiser denoiser(
            Conditioned network, Guidance guidance, Caching caching, int chunk) {
        return (x, t, memory) -> {
            var replies = new ArrayList<RunDenoiser.Reply>();
            for (long from = 0; from < x.size(0); from += chunk) {
                long n = Math.min(chunk, x.size(0) - from);
                Tensor part = x.narrow(0, from, n);
                Tensor time = t.narrow(0, from, n);
                RunDenoiser alone = caching.over(network.of(from, n, false));
                RunDenoiser one =
                        guidance.active()
                                ? guidance.over(caching.over(network.of(from, n, true)), alone)
                                : alone;
                Memory known = memory.part(replies.size());
                replies.add(Turn.take(() -> inScope(one, part, time, known)));
            }
            Tensor[] answers =
                    replies.stream().map(RunDenoiser.Reply::prediction).toArray(Tensor[]::new);
            return new RunDenoiser.Reply(
                    answers.length == 1 ? answers[0] : Ops.cat(0, answers),
                    Memory.ofParts(replies.stream().map(RunDenoiser.Reply::memory).toList()));
        };
    }

    private static RunDenoiser.Reply inScope(RunDenoiser one, Tensor x, Tensor t, Memory memory) {
        try (var scope = TensorScope.open()) {
            RunDenoiser.Reply reply = one.predict(x, t, memory);
            Set<Tensor> made = Collections.newSetFromMap(new IdentityHashMap<>());
            made.add(reply.prediction());
            reply.memory().all().forEach(made::add);
            memory.all().forEach(made::remove);
            made.forEach(scope::promote);
            return reply;
        }
    }
}
