package org.dit4j.pipeline;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.autoencoder.Autoencoder;
import org.dit4j.data.Picture;
import org.dit4j.diffusion.Denoiser;
import org.dit4j.diffusion.Progress;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.TensorScope;
import org.dit4j.text.FrozenEncoders;
import org.dit4j.text.TextOptions;

/// Pictures from prompts in Chinese and English, in the way of Hunyuan-DiT (Li et al. 2024,
/// arXiv:2405.08748): two frozen text encoders and a [BilingualNetwork] that takes the states of
/// both.
///
/// Prompts may hold weights, `a (red:1.3) heart`; the negative prompt takes the place of the empty
/// text, with which the network was trained to go without a prompt.
public final class BilingualPipeline implements Pipeline {
    /// What a pipeline is made of; it takes the parts over and closes them.
    ///
    /// @param network predicts
    /// @param autoencoder decodes the latents
    /// @param process what the network was trained on
    /// @param encoders encode the prompts, with at most as many tokens as the network takes
    public record Parts(
            BilingualNetwork network,
            Autoencoder autoencoder,
            DiffusionProcess process,
            FrozenEncoders encoders) {
        /// Checks that the parts fit.
        public Parts {
            ConfigException.require(
                    autoencoder.latentChannels() == network.inChannels(),
                    "the autoencoder's latents have %d channels, but the network wants %d",
                    autoencoder.latentChannels(),
                    network.inChannels());
        }
    }

    /// The options of the encoders: all the tokens that they can take.
    public static final TextOptions ENCODERS =
            TextOptions.defaults().withMaxTokens(TextOptions.MOST_TOKENS);

    private final Parts parts;
    private final LatentDiffusion latents;

    /// Makes a pipeline of its parts.
    public BilingualPipeline(Parts parts, GenerationDefaults defaults) {
        this.parts = parts;
        int size = parts.network.inputSize();
        latents = new LatentDiffusion(parts.autoencoder, parts.process, 1, size, defaults);
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
    public List<String> remarks(GenerationRequest request) {
        try (var _ = TensorScope.open()) {
            return encode(request).truncations();
        }
    }

    @Override
    public List<Picture> generate(GenerationRequest request, Progress progress) {
        GenerationRequest r = resolve(request);
        try (var _ = TensorScope.open()) {
            BilingualConditions texts = encode(r);
            return latents.generate(
                    r,
                    (from, n, paired) -> {
                        var wanted = new ArrayList<Integer>();
                        for (long i = from; i < from + n; i++) {
                            wanted.add((int) (i / r.count()));
                        }
                        if (paired) {
                            wanted.addAll(Collections.nCopies((int) n, r.prompts().size()));
                        }
                        return conditional(texts, wanted);
                    },
                    progress);
        }
    }

    /// Encodes all prompts, and after them the negative one.
    private BilingualConditions encode(GenerationRequest r) {
        var texts = new ArrayList<>(r.prompts());
        texts.add(r.guide().negative());
        return BilingualConditions.of(parts.encoders.encode(texts), parts.network.textLength());
    }

    /// The network in its own precision, the sampler in float32.
    private Denoiser conditional(BilingualConditions texts, List<Integer> wanted) {
        return (x, t) -> {
            BilingualNetwork network = parts.network;
            Tensor y = network.forward(Ops.to(x, network.dtype()), t, texts.take(wanted));
            return Ops.to(y, Dtype.FLOAT32);
        };
    }

    @Override
    public void close() {
        try (var _ = parts.network;
                var _ = parts.autoencoder;
                var _ = parts.encoders) {
            return;
        }
    }
}
