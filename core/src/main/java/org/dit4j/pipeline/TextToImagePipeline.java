package org.dit4j.pipeline;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.autoencoder.Autoencoder;
import org.dit4j.autoencoder.AutoencoderOobleck;
import org.dit4j.autoencoder.VideoAutoencoder;
import org.dit4j.data.Picture;
import org.dit4j.diffusion.Denoiser;
import org.dit4j.diffusion.Progress;
import org.dit4j.diffusion.RunDenoiser;
import org.dit4j.diffusion.Sampler;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.TensorScope;

/// Pictures from prompts, in the latent space of an autoencoder.
public final class TextToImagePipeline implements Pipeline {
    /// What a pipeline is made of; it takes the parts over and closes them.
    ///
    /// @param network encodes the prompts and predicts
    /// @param autoencoder decodes the latents
    /// @param process what the network was trained on
    public record Parts(
            PromptedNetwork network, Autoencoder autoencoder, DiffusionProcess process) {
        /// Checks that the parts fit.
        public Parts {
            ConfigException.require(
                    !(autoencoder instanceof VideoAutoencoder
                            || autoencoder instanceof AutoencoderOobleck),
                    "%s is no autoencoder of pictures",
                    autoencoder.getClass().getSimpleName());
            ConfigException.require(
                    autoencoder.latentChannels() == network.inChannels(),
                    "the autoencoder's latents have %d channels, but the network wants %d",
                    autoencoder.latentChannels(),
                    network.inChannels());
        }
    }

    private final Parts parts;
    private final LatentDiffusion latents;

    /// Makes a pipeline of its parts.
    public TextToImagePipeline(Parts parts, GenerationDefaults defaults) {
        this.parts = parts;
        latents = new LatentDiffusion(parts.autoencoder, parts.process, parts.network, defaults);
    }

    /// Returns the parts. Borrowed.
    public Parts parts() {
        return parts;
    }

    /// Returns what a request leaves open.
    public GenerationDefaults defaults() {
        return latents.defaults();
    }

    @Override
    public GenerationRequest resolve(GenerationRequest request) {
        return latents.resolve(request);
    }

    @Override
    public List<Picture> generate(GenerationRequest request, Progress progress) {
        GenerationRequest r = resolve(request);
        try (var _ = TensorScope.open()) {
            PromptedNetwork.Prompts prompts = encode(latents.drawn(r));
            prompts.remarks().forEach(progress::remark);
            return latents.generate(r, controls -> conditioned(prompts, r, controls), progress);
        }
    }

    /// Returns the method that a request is sampled with.
    public Sampler sampler(GenerationRequest request) {
        return latents.sampler(latents.drawn(resolve(request)));
    }

    /// Returns the guided network as the sampler of a request calls it, without a cache. It belongs
    /// to the caller's innermost scope.
    ///
    /// @param prompts what [#encode] made of the same request
    public Denoiser denoiser(PromptedNetwork.Prompts prompts, GenerationRequest request) {
        return denoiser(prompts, request, List.of());
    }

    /// The same, steered by ControlNets.
    ///
    /// @param controls latents of the control pictures, each `[2 B, C, h, w]`, those of the
    ///   unconditional half first; `[B, C, h, w]` without guidance
    public Denoiser denoiser(
            PromptedNetwork.Prompts prompts, GenerationRequest request, List<Tensor> controls) {
        GenerationRequest r = resolve(request);
        return latents.denoiser(conditioned(prompts, r, controls), r.guide());
    }

    /// Returns the guided network with the request's cache, as the sampler of a run calls it. It
    /// belongs to the caller's innermost scope.
    ///
    /// @param prompts what [#encode] made of the same request
    public RunDenoiser cached(PromptedNetwork.Prompts prompts, GenerationRequest request) {
        GenerationRequest r = resolve(request);
        return latents.denoiser(conditioned(prompts, r, List.of()), r);
    }

    /// Encodes all prompts, and after them the negative one. The result belongs to the caller's
    /// innermost scope.
    public PromptedNetwork.Prompts encode(GenerationRequest r) {
        return parts.network.encode(Batches.texts(r), r);
    }

    private LatentSampling.Conditioned conditioned(
            PromptedNetwork.Prompts prompts, GenerationRequest r, List<Tensor> controls) {
        PromptedNetwork.Prepared ready =
                prompts.prepare(
                        Batches.count(r, latents.guided(r)),
                        latents.sampler(latents.drawn(r)).knownTimes());
        return (from, n, paired) -> {
            var own = new ArrayList<PromptedNetwork.Control>();
            for (int i = 0; i < controls.size(); i++) {
                Tensor all = controls.get(i);
                Tensor rows = all.narrow(0, all.size(0) - r.pictures() + from, n);
                own.add(
                        new PromptedNetwork.Control(
                                paired ? Ops.cat(0, rows, all.narrow(0, from, n)) : rows,
                                r.given().controls().get(i).scale()));
            }
            return ready.of(Batches.shown(r, from, n, paired), own);
        };
    }

    @Override
    public void close() {
        try (var _ = parts.network;
                var _ = parts.autoencoder) {
            return;
        }
    }
}
