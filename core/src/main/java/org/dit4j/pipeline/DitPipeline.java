package org.dit4j.pipeline;

import java.util.List;
import java.util.stream.LongStream;
import org.dit4j.ConfigException;
import org.dit4j.autoencoder.Autoencoder;
import org.dit4j.data.Picture;
import org.dit4j.diffusion.Denoiser;
import org.dit4j.diffusion.Progress;
import org.dit4j.diffusion.RunDenoiser;
import org.dit4j.diffusion.Sampler;
import org.dit4j.diffusion.SplitDenoiser;
import org.dit4j.model.Dit;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;

/// Class-conditional generation with DiT or SiT in the latent space of an autoencoder (diffusers,
/// `pipeline_dit.py`; DiT, `sample.py`).
public final class DitPipeline implements Pipeline {
    /// What a pipeline is made of; it takes the networks over and closes them.
    ///
    /// @param network predicts
    /// @param autoencoder decodes the latents
    /// @param process what the network was trained on
    /// @param classes names of the classes, at most as many as the network has
    public record Parts(
            Dit network, Autoencoder autoencoder, DiffusionProcess process, ClassNames classes) {
        /// Checks that the parts fit.
        public Parts {
            ConfigException.require(
                    classes.names().size() <= network.config().numClasses(),
                    "there are names for %d classes, but the network has %d",
                    classes.names().size(),
                    network.config().numClasses());
            ConfigException.require(
                    autoencoder.latentChannels() == network.config().inChannels(),
                    "the autoencoder's latents have %d channels, but the network wants %d",
                    autoencoder.latentChannels(),
                    network.config().inChannels());
        }
    }

    private record Labelled(Dit.Config config) implements LatentNetwork {
        @Override
        public Latents latents() {
            return new Latents(config.inChannels(), config.patchSize(), config.inputSize());
        }

        @Override
        public boolean splits() {
            return true;
        }

        @Override
        public boolean drawsTwice() {
            return true;
        }
    }

    private final Parts parts;
    private final LatentDiffusion latents;

    /// Makes a pipeline of its parts.
    public DitPipeline(Parts parts, GenerationDefaults defaults) {
        this.parts = parts;
        latents =
                new LatentDiffusion(
                        parts.autoencoder,
                        parts.process,
                        new Labelled(parts.network.config()),
                        defaults);
    }

    /// Returns the parts. Borrowed.
    public Parts parts() {
        return parts;
    }

    /// Returns what a request leaves open.
    public GenerationDefaults defaults() {
        return latents.defaults();
    }

    /// Returns the classes that the model knows.
    public ClassNames classes() {
        return parts.classes;
    }

    @Override
    public GenerationRequest resolve(GenerationRequest r) {
        r.prompts().forEach(parts.classes::id);
        ConfigException.require(
                r.guide().negative().isEmpty(),
                "a class-conditional model knows no negative prompt");
        return latents.resolve(r);
    }

    @Override
    public List<Picture> generate(GenerationRequest request, Progress progress) {
        GenerationRequest r = resolve(request);
        try (var _ = TensorScope.open()) {
            return latents.generate(r, _ -> conditioned(r), progress);
        }
    }

    /// Returns the guided network as the sampler of a request calls it, without a cache. It belongs
    /// to the caller's innermost scope.
    public Denoiser denoiser(GenerationRequest request) {
        GenerationRequest r = resolve(request);
        return latents.denoiser(conditioned(r), r.guide());
    }

    /// Returns the network with a request's classes, guidance and cache, as the sampler of its run
    /// calls it. It belongs to the caller's innermost scope.
    public RunDenoiser cached(GenerationRequest request) {
        GenerationRequest r = resolve(request);
        return latents.denoiser(conditioned(r), r);
    }

    /// Returns the method that a request is sampled with.
    public Sampler sampler(GenerationRequest request) {
        return latents.sampler(resolve(request));
    }

    /// The classes of the request, and after them none, stand for the texts of [Batches].
    private LatentSampling.Conditioned conditioned(GenerationRequest r) {
        boolean guided = latents.guided(r);
        LongStream named = r.prompts().stream().mapToLong(parts.classes::id);
        LongStream none =
                guided ? LongStream.of(parts.network.config().nullLabel()) : LongStream.empty();
        long[] y = LongStream.concat(named, none).toArray();
        Dit.Prepared all =
                Batches.once(() ->
                        parts.network.prepare(
                                Tensors.of(y, y.length),
                                latents.sampler(latents.drawn(r)).knownTimes()));
        return (from, n, paired) ->
                conditional(
                        Batches.of(
                                all,
                                y.length,
                                Batches.shown(r, from, n, paired),
                                Dit.Prepared::rows));
    }

    /// The network in its own precision, the sampler in float32.
    private SplitDenoiser conditional(Dit.Prepared labels) {
        return (x, t) ->
                parts.network
                        .split(Ops.to(x, parts.network.dtype()), t, labels)
                        .then(answer -> Ops.to(answer, Dtype.FLOAT32));
    }

    @Override
    public void close() {
        try (var _ = parts.network;
                var _ = parts.autoencoder) {
            return;
        }
    }
}
