package org.dit4j.pipeline;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.autoencoder.AutoencoderOobleck;
import org.dit4j.data.Sound;
import org.dit4j.diffusion.Denoiser;
import org.dit4j.diffusion.Progress;
import org.dit4j.diffusion.Sampler;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Turn;

/// Sounds from prompts, in the latent space of an autoencoder of sounds (diffusers,
/// `pipeline_stable_audio.py`). The network always makes its whole length; what was asked for is
/// cut out of that.
public final class TextToAudioPipeline implements MediaPipeline<Sound> {
    /// What a pipeline is made of; it takes the parts over and closes them.
    ///
    /// @param network encodes prompts and seconds, and predicts
    /// @param autoencoder decodes the latents
    /// @param process what the network was trained on
    public record Parts(
            AudioNetwork network, AutoencoderOobleck autoencoder, DiffusionProcess process) {
        /// Checks that the parts fit.
        public Parts {
            new ClipSampling(network, process).requireChannels(autoencoder.latentChannels());
        }
    }

    private final Parts parts;
    private final ClipSampling clips;
    private final GenerationDefaults defaults;

    /// Makes a pipeline of its parts.
    public TextToAudioPipeline(Parts parts, GenerationDefaults defaults) {
        this.parts = parts;
        this.defaults = defaults;
        clips = new ClipSampling(parts.network, parts.process);
    }

    /// Returns the parts. Borrowed.
    public Parts parts() {
        return parts;
    }

    @Override
    public GenerationRequest resolve(GenerationRequest r) {
        ClipSampling.requireNoPictures(r);
        ConfigException.require(
                r.given().frames() == null, "a model of sounds takes no frames of a video");
        ConfigException.require(
                r.clip().frames() == 0 && r.width() == 0 && r.height() == 0,
                "a model of sounds takes seconds, and no frames and no size");
        double most = longest();
        double start = r.clip().start();
        double end = r.clip().end() > 0 ? r.clip().end() : Math.min(most, lastSecond());
        ConfigException.require(
                end - start <= most,
                "this model makes at most %s seconds, not %s",
                most,
                end - start);
        ConfigException.require(
                end <= lastSecond(), "a sound must end by second %s, not %s", lastSecond(), end);
        var resolved = defaults.fill(r).withClip(r.clip().during(start, end));
        ConfigException.require(
                sample(end) > sample(start), "%s seconds are less than a sample", end - start);
        sampler(resolved);
        return resolved;
    }

    private double lastSecond() {
        return parts.network.lastSecond();
    }

    /// Seconds of everything that the network makes.
    private double longest() {
        double samples = (double) parts.network.length() * parts.autoencoder.downsampling();
        return samples / rate();
    }

    private int rate() {
        return parts.autoencoder.config().samplingRate();
    }

    private int sample(double second) {
        return (int) (second * rate());
    }

    @Override
    public List<Sound> generate(GenerationRequest request, Progress progress) {
        GenerationRequest r = resolve(request);
        var sounds = new ArrayList<Sound>();
        try (var _ = TensorScope.open()) {
            int n = parts.network.length();
            int channels = parts.autoencoder.latentChannels();
            Tensor z =
                    clips.run(
                            r,
                            n,
                            List.of(channels, n),
                            parts.autoencoder.device(),
                            _ -> KnownFrames.NONE,
                            progress);
            for (long i = 0; i < z.size(0); i++) {
                try (var _ = TensorScope.open()) {
                    Tensor one = z.narrow(0, i, 1);
                    Tensor x = cut(Turn.take(() -> parts.autoencoder.decode(one)), r);
                    sounds.add(Sound.of(x.squeeze(0), rate()));
                }
            }
        }
        return List.copyOf(sounds);
    }

    /// Returns the part of decoded sounds that a request asks for.
    ///
    /// @param x `[B, channels, N]`
    /// @param r resolved
    public Tensor cut(Tensor x, GenerationRequest r) {
        long from = sample(r.clip().start());
        long to = Math.min(sample(r.clip().end()), x.size(2));
        ConfigException.require(
                from < to,
                "the sound of this model is over before second %s, where yours begins",
                r.clip().start());
        return x.narrow(2, from, to - from);
    }

    /// Returns the method that a request is sampled with.
    ///
    /// @param request resolved
    public Sampler sampler(GenerationRequest request) {
        return clips.sampling().sampler(request, parts.network.length());
    }

    /// Encodes all prompts, and after them the negative one. The result belongs to the caller's
    /// innermost scope.
    public PromptedNetwork.Prompts encode(GenerationRequest r) {
        return clips.encode(r);
    }

    /// Returns the guided network as the sampler of a request calls it. It belongs to the caller's
    /// innermost scope.
    ///
    /// @param prompts what [#encode] made of the same request
    /// @param request resolved
    public Denoiser denoiser(PromptedNetwork.Prompts prompts, GenerationRequest request) {
        return clips.denoiser(prompts, request, KnownFrames.NONE);
    }

    @Override
    public void close() {
        try (var _ = parts.network;
                var _ = parts.autoencoder) {
            return;
        }
    }
}
