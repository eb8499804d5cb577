package org.dit4j.pipeline;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.autoencoder.VideoAutoencoder;
import org.dit4j.checkpoint.JsonFields;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.diffusion.Denoiser;
import org.dit4j.model.OpenCheckpoint;
import org.dit4j.model.Wan;
import org.dit4j.model.WanCheckpoint;
import org.dit4j.nn.VideoPatch;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.text.PromptCleaning;
import org.jspecify.annotations.Nullable;

/// Wan, text to video and image to video: UMT5, for version 2.1 of the latter a CLIP of pictures,
/// and a [Wan] (Wan team 2025, arXiv:2503.20314; diffusers, `pipeline_wan.py`,
/// `pipeline_wan_i2v.py`). Wan 2.2 has a second network for the less noisy steps.
final class WanPrompts implements VideoNetwork {
    /// What a video is made of.
    enum Kind {
        /// A prompt.
        TEXT,
        /// A prompt, the first frame, and the last one where the network was trained for that.
        IMAGE
    }

    private static final int TOKENS = 512;

    /// The usual video of the published networks.
    private static final Size USUAL = new Size(81, 832, 480);

    /// Frames a second of the published videos; of those of the network of Wan 2.2 that takes a
    /// time for each token.
    private static final double RATE = 16;

    private static final double RATE_OF_TOKEN_TIMES = 24;

    /// Steps of training of the schedulers that the networks come with.
    private static final double STEPS = 1000;

    /// The network for times below a boundary.
    ///
    /// @param network loads it
    /// @param boundary as a timestep
    private record LessNoisy(Lazy<Wan> network, double boundary) {
        static @Nullable LessNoisy of(Path folder, JsonFields index, LoadOptions options) {
            if (!index.has("boundary_ratio")) {
                return null;
            }
            var checkpoint = WanCheckpoint.open(folder.resolve("transformer_2"));
            LoadOptions plain = options.withLoras(List.of());
            return new LessNoisy(
                    new Lazy<>(() -> checkpoint.load(plain)),
                    index.number("boundary_ratio") * STEPS);
        }
    }

    private final PromptEncoder t5;
    private final @Nullable PictureEncoder clip;
    private final Kind kind;
    private final boolean tokenTimes;
    private final Wan.Config config;
    private final Lazy<Wan> network;
    private final @Nullable LessNoisy lessNoisy;

    /// Opens the parts in a pipeline's folder.
    ///
    /// @throws ConfigException if the network is not of that kind
    WanPrompts(Path folder, Kind kind, LoadOptions options, Residency residency) {
        this.kind = kind;
        Path file = folder.resolve("model_index.json");
        var index = new JsonFields(JsonFile.tree(file), file);
        OpenCheckpoint<Wan.Config, Wan> checkpoint =
                WanCheckpoint.open(folder.resolve("transformer"));
        config = checkpoint.config();
        // without a picture all tokens have the same time, which is as good as one
        tokenTimes = index.flag("expand_timesteps", false);
        requireKind(folder);
        network = new Lazy<>(() -> checkpoint.load(options));
        lessNoisy = LessNoisy.of(folder, index, options);
        t5 = PromptEncoder.of(folder, "", options, residency);
        clip = config.imageWidth() > 0 ? PictureEncoder.of(folder, options, residency) : null;
    }

    private void requireKind(Path folder) {
        boolean more = kind == Kind.IMAGE && !tokenTimes;
        ConfigException.require(
                config.inChannels() > config.outChannels() == more
                        && (more || config.imageWidth() == 0),
                more
                        ? "%s: the network of a WanImageToVideoPipeline must take more than the %d channels that it makes, not %d"
                        : "%s: the network must take as many channels as it makes, %d, and no states of an image, but takes %d; one that starts from a picture is a WanImageToVideoPipeline",
                folder,
                config.outChannels(),
                config.inChannels());
        ConfigException.require(
                !tokenTimes || config.patch().frames() == 1,
                "%s: expand_timesteps needs patches of one frame",
                folder);
    }

    @Override
    public PromptedNetwork.Prompts encode(List<String> texts, GenerationRequest request) {
        int length = request.textTokens() > 0 ? request.textTokens() : TOKENS;
        List<String> clean =
                texts.stream().map(s -> PromptCleaning.spaces(PromptCleaning.basic(s))).toList();
        PromptEncoder.Encoded encoded = t5.masked(clean, length, 0);
        Tensor states = encoded.states().last(); // [B, L, E]
        Tensor mask = Ops.on(encoded.tokens().mask(), states).unsqueeze(2); // [B, L, 1]
        return new Encoded(states.mul(mask), image(request), encoded.remarks("UMT5"));
    }

    /// The states of the given frames `[1 or 2, M, I]`, null if the network takes none.
    private @Nullable Tensor image(GenerationRequest request) {
        KeyFrames given = request.given().frames();
        if (clip == null || given == null) {
            return null;
        }
        return clip.states(
                given.last() == null
                        ? List.of(given.first())
                        : List.of(given.first(), given.last()));
    }

    private final class Encoded implements PromptedNetwork.Prompts {
        private final Tensor states;
        private final @Nullable Tensor image;
        private final List<String> remarks;

        Encoded(Tensor states, @Nullable Tensor image, List<String> remarks) {
            this.states = states;
            this.image = image;
            this.remarks = remarks;
        }

        @Override
        public PromptedNetwork.Prepared prepare(int texts) {
            Contextual noisy = contextual(network.get(), texts);
            LessNoisy less = lessNoisy;
            Contextual other = less == null ? noisy : contextual(less.network.get(), texts);
            return shown -> {
                Denoiser above = noisy.of(texts, shown);
                Denoiser below = other.of(texts, shown);
                return (x, t) -> (isNoisy(t) ? above : below).predict(x, t);
            };
        }

        private Contextual contextual(Wan wan, int texts) {
            Dtype dtype = wan.dtype();
            Tensor own = Ops.to(states.narrow(0, 0, texts), dtype); // [P, L, E]
            Tensor seen = image == null ? null : Ops.to(image.repeat(texts, 1, 1), dtype);
            return new Contextual(wan, Batches.once(() -> wan.prepare(own, seen)));
        }

        @Override
        public Map<String, Tensor> arguments(List<Integer> texts) {
            return Map.of("encoder_hidden_states", Batches.rows(states, texts));
        }

        @Override
        public List<String> remarks() {
            return remarks;
        }
    }

    /// A network with what it makes of texts and images.
    private record Contextual(Wan wan, Wan.Context all) {
        Denoiser of(int texts, List<Integer> shown) {
            Wan.Context own = Batches.of(all, texts, shown, Wan.Context::rows);
            return (x, t) -> Ops.to(wan.forward(Ops.to(x, wan.dtype()), t, own), Dtype.FLOAT32);
        }
    }

    /// Whether a time, which is the same for the whole batch but for still frames, is for the first
    /// network.
    private boolean isNoisy(Tensor t) {
        return lessNoisy == null || Ops.item(t.max()) >= lessNoisy.boundary;
    }

    @Override
    public void requireKeyFrames(@Nullable KeyFrames given) {
        if (kind == Kind.TEXT) {
            VideoNetwork.super.requireKeyFrames(given);
            return;
        }
        if (given == null) {
            throw new ConfigException(
                    "this model makes videos of a first frame: give it a picture");
        }
        ConfigException.require(
                given.last() == null
                        || !tokenTimes && (clip == null || config.imagePositions() > 0),
                "this model takes a first frame, and no last one");
        ConfigException.require(
                given.last() != null || config.imagePositions() == 0,
                "this model makes videos between two frames: give it the last one too");
    }

    @Override
    public KnownFrames known(
            GenerationRequest r, VideoAutoencoder autoencoder, int frames, Rng rng) {
        KeyFrames given = Objects.requireNonNull(r.given().frames());
        if (tokenTimes) {
            return WanFrames.still(r, given, autoencoder, config.patch());
        }
        int more = autoencoder.temporalDownsampling() + autoencoder.latentChannels();
        ConfigException.require(
                config.inChannels() == config.outChannels() + more,
                "the network takes %d channels, but latents and what is known of them have %d",
                config.inChannels(),
                config.outChannels() + more);
        return WanFrames.channels(r, given, autoencoder, frames);
    }

    /// The channels of the video alone.
    @Override
    public int inChannels() {
        return config.outChannels();
    }

    @Override
    public VideoPatch patch() {
        return config.patch();
    }

    @Override
    public Size usual(int downsampling, int temporal) {
        return USUAL;
    }

    @Override
    public double rate() {
        return tokenTimes ? RATE_OF_TOKEN_TIMES : RATE;
    }

    @Override
    public void close() {
        try (t5;
                var _ = clip;
                network;
                var _ = lessNoisy == null ? null : lessNoisy.network) {
            return;
        }
    }
}
