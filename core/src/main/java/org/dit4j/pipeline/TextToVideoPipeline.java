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
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Turn;

/// Videos from prompts, in the latent space of an autoencoder of videos, or of one of pictures that
/// sees each frame by itself.
public final class TextToVideoPipeline implements MediaPipeline<Video> {
    /// Frames that an autoencoder of pictures decodes at once.
    private static final int CHUNK = 8;

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
    private final GenerationDefaults defaults;

    /// Makes a pipeline of its parts.
    public TextToVideoPipeline(Parts parts, GenerationDefaults defaults) {
        this.parts = parts;
        this.defaults = defaults;
        clips = new ClipSampling(parts.network, parts.process);
    }

    /// Returns the parts. Borrowed.
    public Parts parts() {
        return parts;
    }

    /// Returns the request with nothing left open. Frames are rounded to what the autoencoder can
    /// make, as the reference does.
    ///
    /// @throws ConfigException if the size does not divide, the network cannot make as many frames,
    ///   or the sampler is not there
    @Override
    public GenerationRequest resolve(GenerationRequest r) {
        ClipSampling.requireNoPictures(r);
        ConfigException.require(
                !r.clip().sounds(), "a model of videos takes frames, and no seconds of sound");
        int f = parts.autoencoder.downsampling();
        VideoNetwork.Size usual = parts.network.usual(f);
        int frames = rounded(r.clip().frames() > 0 ? r.clip().frames() : usual.frames());
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
        ConfigException.require(
                latentFrames(frames) % patch.frames() == 0,
                "%d frames are %d latents, which must be divisible by %d",
                frames,
                latentFrames(frames),
                patch.frames());
        sampler(resolved);
        return resolved;
    }

    private int temporal() {
        return parts.autoencoder instanceof VideoAutoencoder video
                ? video.temporalDownsampling()
                : 1;
    }

    /// One frame more than a multiple of what a latent stands for.
    private int rounded(int frames) {
        int t = temporal();
        return frames % t == 1 % t ? frames : frames / t * t + 1;
    }

    private int latentFrames(int frames) {
        return (frames - 1) / temporal() + 1;
    }

    private void remarkRounding(int frames, Progress progress) {
        if (frames > 0 && rounded(frames) != frames) {
            progress.remark(
                    "%d frames instead of %d: this model makes one more than a multiple of %d"
                            .formatted(rounded(frames), frames, temporal()));
        }
    }

    @Override
    public List<Video> generate(GenerationRequest request, Progress progress) {
        GenerationRequest r = resolve(request);
        remarkRounding(request.clip().frames(), progress);
        int f = parts.autoencoder.downsampling();
        var videos = new ArrayList<Video>();
        try (var _ = TensorScope.open()) {
            Tensor z =
                    clips.run(
                            r,
                            tokens(r),
                            List.of(
                                    parts.autoencoder.latentChannels(),
                                    latentFrames(r.clip().frames()),
                                    r.height() / f,
                                    r.width() / f),
                            parts.autoencoder.device(),
                            progress);
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

    /// Decodes latents.
    ///
    /// @param z `[B, C, f, h, w]` as the sampler gives them
    /// @return `[B, 3, F, H, W]`, about in [-1, 1], in the caller's scope
    public Tensor decode(Tensor z) {
        if (parts.autoencoder instanceof VideoAutoencoder) {
            return parts.autoencoder.decode(z);
        }
        return TensorScope.compute(() -> {
            Tensor frames = z.transpose(1, 2).flatten(0, 1); // [B f, C, h, w]
            var decoded = new ArrayList<Tensor>();
            for (long from = 0; from < frames.size(0); from += CHUNK) {
                long n = Math.min(CHUNK, frames.size(0) - from);
                decoded.add(parts.autoencoder.decode(frames.narrow(0, from, n)));
            }
            Tensor x = Ops.cat(0, decoded.toArray(Tensor[]::new)); // [B f, 3, H, W]
            Tensor videos = x.reshape(z.size(0), z.size(2), x.size(1), x.size(2), x.size(3));
            return videos.transpose(1, 2).contiguous();
        });
    }

    private long tokens(GenerationRequest r) {
        int f = parts.autoencoder.downsampling();
        return parts.network
                .patch()
                .grid(latentFrames(r.clip().frames()), r.height() / f, r.width() / f)
                .tokens();
    }

    /// Returns the method that a request is sampled with.
    ///
    /// @param request resolved
    public Sampler sampler(GenerationRequest request) {
        return clips.sampling().sampler(request, tokens(request));
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
        return clips.denoiser(prompts, request);
    }

    @Override
    public void close() {
        try (var _ = parts.network;
                var _ = parts.autoencoder) {
            return;
        }
    }
}
