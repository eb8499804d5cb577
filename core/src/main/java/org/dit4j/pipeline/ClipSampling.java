package org.dit4j.pipeline;

import java.util.List;
import java.util.function.Function;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.diffusion.Denoiser;
import org.dit4j.diffusion.Progress;
import org.dit4j.diffusion.RunDenoiser;
import org.dit4j.diffusion.Sampler;
import org.dit4j.tensor.Device;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;

/// What the pipelines of videos and of sounds share: prompts that become conditions, and one clip
/// of the batch after the other through the network.
///
/// The noise of all clips of a request is drawn at once, as the reference does.
///
/// @param network encodes the prompts and predicts
/// @param process what the network was trained on
record ClipSampling(TextConditioned network, DiffusionProcess process) {
    /// Clips that go through a network at once: one has as many tokens as many pictures.
    private static final int CHUNK = 1;

    /// Fails if the latents of an autoencoder are others than those of the network.
    void requireChannels(int latentChannels) {
        ConfigException.require(
                latentChannels == network.inChannels(),
                "the autoencoder's latents have %d channels, but the network wants %d",
                latentChannels,
                network.inChannels());
    }

    /// Fails if a request brings pictures along that are no frames of a video.
    static void requireNoPictures(GenerationRequest r) {
        ConfigException.require(
                r.given().init() == null && r.given().controls().isEmpty(),
                "a model of videos or sounds cannot start from a picture or be steered by one");
    }

    PromptedNetwork.Prompts encode(GenerationRequest r) {
        return network.encode(Batches.texts(r), r);
    }

    /// Returns the guided network as the sampler of a resolved request calls it, without a cache.
    Denoiser denoiser(PromptedNetwork.Prompts prompts, GenerationRequest r, KnownFrames known) {
        return LatentSampling.denoiser(
                conditioned(prompts, r, known), sampling().guidance(r.guide()), CHUNK);
    }

    /// Returns the same with the cache of the request.
    RunDenoiser cached(PromptedNetwork.Prompts prompts, GenerationRequest r, KnownFrames known) {
        return LatentSampling.denoiser(
                conditioned(prompts, r, known), sampling().guidance(r.guide()), r.caching(), CHUNK);
    }

    private LatentSampling.Conditioned conditioned(
            PromptedNetwork.Prompts prompts, GenerationRequest r, KnownFrames known) {
        boolean guided = sampling().guidance(r.guide()).active();
        PromptedNetwork.Prepared ready = prompts.prepare(Batches.count(r, guided));
        return (from, n, paired) -> known.shownTo(ready.of(Batches.shown(r, from, n, paired)));
    }

    LatentSampling sampling() {
        return new LatentSampling(process, network);
    }

    /// Samples the latents of a resolved request.
    ///
    /// @param tokens how many the network makes of a clip
    /// @param shape of the latents of a clip, without B
    /// @param device of the networks; the noise is drawn on the CPU
    /// @param knowing encodes what is known of the clips, before the noise is drawn
    /// @return `[B, ...]` in the caller's scope
    Tensor run(
            GenerationRequest r,
            long tokens,
            List<Integer> shape,
            Device device,
            Function<Rng, KnownFrames> knowing,
            Progress progress) {
        var sizes = new long[shape.size() + 1];
        sizes[0] = r.pictures();
        for (int i = 0; i < shape.size(); i++) {
            sizes[i + 1] = shape.get(i);
        }
        try (var rng = Rng.seeded(r.seed())) {
            PromptedNetwork.Prompts prompts = encode(r);
            prompts.remarks().forEach(progress::remark);
            KnownFrames known = knowing.apply(rng);
            RunDenoiser denoiser = cached(prompts, r, known);
            Tensor noise = Ops.to(rng.normal(sizes), device);
            Sampler sampler = sampling().sampler(r, tokens);
            return known.finished(sampling().run(r, sampler, denoiser, noise, rng, progress));
        }
    }
}
