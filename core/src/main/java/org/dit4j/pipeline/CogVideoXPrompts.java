package org.dit4j.pipeline;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.autoencoder.VideoAutoencoder;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.diffusion.Denoiser;
import org.dit4j.model.CogVideoX;
import org.dit4j.model.CogVideoXCheckpoint;
import org.dit4j.model.CogVideoXConfig;
import org.dit4j.model.OpenCheckpoint;
import org.dit4j.nn.VideoPatch;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.Tensors;
import org.jspecify.annotations.Nullable;

/// CogVideoX, text to video and image to video: T5 and a [CogVideoX] (Yang et al. 2024,
/// arXiv:2408.06072; diffusers, `pipeline_cogvideox.py`, `pipeline_cogvideox_image2video.py`).
final class CogVideoXPrompts implements VideoNetwork {
    /// What a video is made of.
    enum Kind {
        /// A prompt.
        TEXT,
        /// A prompt and the first frame, whose latents the network takes as further channels; those
        /// of the other frames are zero.
        IMAGE
    }

    /// Frames a second of the published videos; of those of version 1.5.
    private static final double RATE = 8;

    private static final double RATE_OF_PATCHES_OVER_TIME = 16;

    /// The one offset that version 1.5 was trained with.
    private static final double OFFSET = 2;

    private final PromptEncoder t5;
    private final Kind kind;
    private final CogVideoXConfig config;
    private final Lazy<CogVideoX> network;

    /// Opens the parts in a pipeline's folder.
    ///
    /// @throws ConfigException if the network is not of that kind
    CogVideoXPrompts(Path folder, Kind kind, LoadOptions options, Residency residency) {
        this.kind = kind;
        OpenCheckpoint<CogVideoXConfig, CogVideoX> checkpoint =
                CogVideoXCheckpoint.open(folder.resolve("transformer"));
        config = checkpoint.config();
        int times = kind == Kind.IMAGE ? 2 : 1;
        ConfigException.require(
                config.inChannels() == times * config.outChannels(),
                "%s: the network of a pipeline from %s to video must take %d channels for the %d that it makes, not %d",
                folder,
                kind == Kind.IMAGE ? "image" : "text",
                times * config.outChannels(),
                config.outChannels(),
                config.inChannels());
        network = new Lazy<>(() -> checkpoint.load(options));
        t5 = PromptEncoder.of(folder, "", options, residency);
    }

    @Override
    public PromptedNetwork.Prompts encode(List<String> texts, GenerationRequest request) {
        int length = request.textTokens() > 0 ? request.textTokens() : config.textLength();
        PromptEncoder.Encoded encoded = t5.unmasked(texts, length, 0);
        return new Encoded(encoded.states().last(), encoded.remarks("T5"));
    }

    private final class Encoded implements PromptedNetwork.Prompts {
        private final Tensor states;
        private final List<String> remarks;

        Encoded(Tensor states, List<String> remarks) {
            this.states = states;
            this.remarks = remarks;
        }

        /// The projection of the texts is nothing beside the blocks.
        @Override
        public PromptedNetwork.Prepared prepare(int texts) {
            return this::of;
        }

        private Denoiser of(List<Integer> texts) {
            CogVideoX cogVideoX = network.get();
            Dtype dtype = cogVideoX.dtype();
            Tensor own = Ops.to(Batches.rows(states, texts), dtype); // [B, L, E]
            Tensor offset =
                    config.offsetWidth() > 0 ? Tensors.full(OFFSET, Dtype.FLOAT32, 1) : null;
            return (x, t) ->
                    Ops.to(
                            cogVideoX.forward(Ops.to(x, dtype), t, own, offset, null),
                            Dtype.FLOAT32);
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

    @Override
    public void requireKeyFrames(@Nullable KeyFrames given) {
        if (kind == Kind.TEXT) {
            VideoNetwork.super.requireKeyFrames(given);
            return;
        }
        ConfigException.require(
                given != null && given.last() == null,
                given == null
                        ? "this model makes videos of a first frame: give it a picture"
                        : "this model takes a first frame, and no last one");
    }

    @Override
    public KnownFrames known(
            GenerationRequest r, VideoAutoencoder autoencoder, int frames, Rng rng) {
        KeyFrames given = Objects.requireNonNull(r.given().frames());
        Tensor x = InitImage.pixels(given.first(), r.width(), r.height()); // [1, 3, H, W]
        Tensor first = autoencoder.encode(x.unsqueeze(2), rng).transpose(1, 2); // [1, 1, C, h, w]
        Tensor others =
                Tensors.zeros(
                        Dtype.of(first),
                        1,
                        frames - 1,
                        first.size(2),
                        first.size(3),
                        first.size(4));
        return new KnownFrames.Channels(Ops.cat(1, first, others), 2);
    }

    @Override
    public boolean framesFirst() {
        return true;
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
        return new Size(
                (config.frames() - 1) * temporal + 1,
                config.width() * downsampling,
                config.height() * downsampling);
    }

    @Override
    public double rate() {
        return config.patchOverTime() ? RATE_OF_PATCHES_OVER_TIME : RATE;
    }

    @Override
    public void close() {
        try (t5;
                network) {
            return;
        }
    }
}
