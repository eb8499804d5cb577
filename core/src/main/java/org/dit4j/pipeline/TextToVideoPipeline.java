package org.dit4j.pipeline;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.autoencoder.Autoencoder;
import org.dit4j.autoencoder.VideoAutoencoder;
import org.dit4j.data.Picture;
import org.dit4j.data.Video;
import org.dit4j.diffusion.Denoiser;
import org.dit4j.diffusion.Progress;
import org.dit4j.diffusion.Sampler;
import org.dit4j.nn.VideoPatch;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Turn;

/// Videos from prompts, and from their first frames where the network wants them, in the latent
/// space of an autoencoder of videos, or of one of pictures that sees each frame by itself.
public final class TextToVideoPipeline implements MediaPipeline<Video> {
    /// What a pipeline is made of; it takes the parts over and closes them.
    ///
    /// @param network encodes the prompts and predicts
    /// @param autoencoder decodes the latents
    /// @param process what the network was trained on
    public record Parts(VideoNetwork network, Autoencoder autoencoder, DiffusionProcess process) {
        /// Checks that the parts fit.
        public Parts {
            new ClipSampling(network, process).requireChannels(autoencoder.latentChannels());
        }
    }

    private final Parts parts;
    private final ClipSampling clips;
    private final VideoLatents latents;
    private final GenerationDefaults defaults;

    /// Makes a pipeline of its parts.
    public TextToVideoPipeline(Parts parts, GenerationDefaults defaults) {
        this.parts = parts;
        this.defaults = defaults;
        clips = new ClipSampling(parts.network, parts.process);
        latents = new VideoLatents(parts.network, parts.autoencoder);
    }

    /// Returns the parts. Borrowed.
    public Parts parts() {
        return parts;
    }

    /// Returns the request with nothing left open. Frames are rounded to what the autoencoder can
    /// make, as the reference does.
    ///
    /// @throws ConfigException if the size does not divide, the network cannot make as many frames
    ///   or needs others to be given, or the sampler is not there
    @Override
    public GenerationRequest resolve(GenerationRequest r) {
        ClipSampling.requireNoPictures(r);
        parts.network.requireKeyFrames(r.given().frames());
        ConfigException.require(
                !r.clip().sounds(), "a model of videos takes frames, and no seconds of sound");
        int f = parts.autoencoder.downsampling();
        VideoNetwork.Size usual = parts.network.usual(f, latents.temporal());
        int frames = latents.rounded(r.clip().frames() > 0 ? r.clip().frames() : usual.frames());
        GenerationRequest resolved =
                defaults.fill(r)
                        .withSize(
                                r.width() > 0 ? r.width() : usual.width(),
                                r.height() > 0 ? r.height() : usual.height())
                        .withFrames(frames);
        VideoPatch patch = parts.network.patch();
        int across = f * patch.width();
        int down = f * patch.height();
        ConfigException.require(
                resolved.width() % across == 0 && resolved.height() % down == 0,
                "the size %dx%d must be a multiple of %dx%d",
                resolved.width(),
                resolved.height(),
                across,
                down);
        parts.network.requireFrames(frames);
        sampler(resolved);
        return resolved;
    }

    private void remarkRounding(int frames, Progress progress) {
        if (frames > 0 && latents.rounded(frames) != frames) {
            progress.remark(
                    "%d frames instead of %d: a latent of this model stands for %d"
                            .formatted(latents.rounded(frames), frames, latents.temporal()));
        }
    }

    @Override
    public List<Video> generate(GenerationRequest request, Progress progress) {
        GenerationRequest r = resolve(request);
        remarkRounding(request.clip().frames(), progress);
        var videos = new ArrayList<Video>();
        try (var _ = TensorScope.open()) {
            Tensor sampled =
                    clips.run(
                            r,
                            latents.tokens(r),
                            latents.shape(r),
                            parts.autoencoder.device(),
                            rng -> known(r, rng),
                            progress);
            Tensor z = latents.cut(sampled, r.clip().frames());
            for (long i = 0; i < z.size(0); i++) {
                try (var _ = TensorScope.open()) {
                    Tensor one = z.narrow(0, i, 1);
                    Tensor x = Turn.take(() -> decode(one)); // [1, 3, F, H, W]
                    List<Picture> frames = Picture.ofBatch(x.squeeze(0).transpose(0, 1));
                    videos.add(new Video(frames, parts.network.rate()));
                }
            }
        }
        return List.copyOf(videos);
    }

    /// Encodes what is given of the frames of a video. The result belongs to the caller's innermost
    /// scope.
    ///
    /// @param r resolved
    /// @param rng the generator of the request's seed, from which the noise is drawn after this
    public KnownFrames known(GenerationRequest r, Rng rng) {
        if (r.given().frames() == null) {
            return KnownFrames.NONE;
        }
        if (!(parts.autoencoder instanceof VideoAutoencoder videos)) {
            throw new ConfigException(
                    "a first frame needs an autoencoder of videos, not %s"
                            .formatted(parts.autoencoder.getClass().getSimpleName()));
        }
        return parts.network.known(r, videos, latents.frames(r.clip().frames()), rng);
    }

    /// Decodes latents.
    ///
    /// @param z as the sampler gives them, see [VideoNetwork]
    /// @return `[B, 3, F, H, W]`, about in [-1, 1], in the caller's scope
    public Tensor decode(Tensor z) {
        return latents.decode(z);
    }

    /// Returns the method that a request is sampled with.
    ///
    /// @param request resolved
    public Sampler sampler(GenerationRequest request) {
        return clips.sampling().sampler(request, latents.tokens(request));
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
        return denoiser(prompts, request, KnownFrames.NONE);
    }

    /// The same, for a network that is given frames.
    ///
    /// @param known what [#known] made of the same request
    public Denoiser denoiser(
            PromptedNetwork.Prompts prompts, GenerationRequest request, KnownFrames known) {
        return clips.denoiser(prompts, request, known);
    }

    @Override
    public void close() {
        try (var _ = parts.network;
                var _ = parts.autoencoder) {
            return;
        }
    }
}
