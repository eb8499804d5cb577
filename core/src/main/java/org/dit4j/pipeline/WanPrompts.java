package org.dit4j.pipeline;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
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
import org.dit4j.tensor.Tensors;
import org.dit4j.text.PromptCleaning;
import org.jspecify.annotations.Nullable;

/// Wan, text to video: UMT5 and a [Wan] (Wan team 2025, arXiv:2503.20314; diffusers,
/// `pipeline_wan.py`). Wan 2.2 has a second network for the less noisy steps.
final class WanPrompts implements VideoNetwork {
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
    private final Wan.Config config;
    private final Lazy<Wan> network;
    private final @Nullable LessNoisy lessNoisy;
    private final double rate;

    /// Opens the parts in a pipeline's folder.
    WanPrompts(Path folder, LoadOptions options, Residency residency) {
        Path file = folder.resolve("model_index.json");
        var index = new JsonFields(JsonFile.tree(file), file);
        OpenCheckpoint<Wan.Config, Wan> checkpoint =
                WanCheckpoint.open(folder.resolve("transformer"));
        config = checkpoint.config();
        ConfigException.require(
                config.imageWidth() == 0,
                "%s: there is no code for pipelines that start from a picture",
                folder);
        network = new Lazy<>(() -> checkpoint.load(options));
        lessNoisy = LessNoisy.of(folder, index, options);
        // without a picture all tokens have the same time, which is as good as one
        rate = index.flag("expand_timesteps", false) ? RATE_OF_TOKEN_TIMES : RATE;
        t5 = PromptEncoder.of(folder, "", options, residency);
    }

    @Override
    public PromptedNetwork.Prompts encode(List<String> texts, GenerationRequest request) {
        int length = request.textTokens() > 0 ? request.textTokens() : TOKENS;
        List<String> clean =
                texts.stream().map(s -> PromptCleaning.spaces(PromptCleaning.basic(s))).toList();
        PromptEncoder.Encoded encoded = t5.masked(clean, length, 0);
        Tensor states = encoded.states().last(); // [B, L, E]
        Tensor mask = Ops.on(encoded.tokens().mask(), states).unsqueeze(2); // [B, L, 1]
        return new Encoded(states.mul(mask), encoded.remarks("UMT5"));
    }

    private final class Encoded implements PromptedNetwork.Prompts {
        private final Tensor states;
        private final List<String> remarks;

        Encoded(Tensor states, List<String> remarks) {
            this.states = states;
            this.remarks = remarks;
        }

        @Override
        public Denoiser of(List<Integer> texts) {
            Tensor own = Batches.rows(states, texts); // [B, L, E]
            return (x, t) -> {
                Wan wan = at(t);
                Tensor y = wan.forward(Ops.to(x, wan.dtype()), t, Ops.to(own, wan.dtype()), null);
                return Ops.to(y, Dtype.FLOAT32);
            };
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

    /// The network for a time, which is the same for the whole batch.
    private Wan at(Tensor t) {
        return lessNoisy == null || Tensors.doubles(t)[0] >= lessNoisy.boundary
                ? network.get()
                : lessNoisy.network.get();
    }

    @Override
    public int inChannels() {
        return config.inChannels();
    }

    @Override
    public VideoPatch patch() {
        return config.patch();
    }

    @Override
    public Size usual(int downsampling) {
        return USUAL;
    }

    @Override
    public double rate() {
        return rate;
    }

    @Override
    public void close() {
        try (t5;
                network;
                var _ = lessNoisy == null ? null : lessNoisy.network) {
            return;
        }
    }
}
