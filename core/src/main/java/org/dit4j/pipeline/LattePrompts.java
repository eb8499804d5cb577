package org.dit4j.pipeline;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.model.LatteText;
import org.dit4j.model.LatteTextCheckpoint;
import org.dit4j.model.OpenCheckpoint;
import org.dit4j.nn.Attended;
import org.dit4j.nn.VideoPatch;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Tensors;

/// Latte: T5 and a [LatteText] (Ma et al. 2024, arXiv:2401.03048; diffusers, `pipeline_latte.py`).
///
/// Prompts are in lower case, as diffusers writes them for the network.
final class LattePrompts implements VideoNetwork {
    private static final int TOKENS = 120;

    /// Frames a second of the published videos.
    private static final double RATE = 8;

    private final PromptEncoder t5;
    private final LatteText.Config config;
    private final Lazy<LatteText> network;

    /// Opens the parts in a pipeline's folder.
    LattePrompts(Path folder, LoadOptions options, Residency residency) {
        OpenCheckpoint<LatteText.Config, LatteText> checkpoint =
                LatteTextCheckpoint.open(folder.resolve("transformer"));
        config = checkpoint.config();
        network = new Lazy<>(() -> checkpoint.load(options));
        t5 = PromptEncoder.of(folder, "", options, residency);
    }

    @Override
    public PromptedNetwork.Prompts encode(List<String> texts, GenerationRequest request) {
        int length = request.textTokens() > 0 ? request.textTokens() : TOKENS;
        List<String> lower = texts.stream().map(s -> s.toLowerCase(Locale.ROOT).strip()).toList();
        PromptEncoder.Encoded encoded = t5.masked(lower, length, 0);
        return new Encoded(states(encoded, request), encoded.remarks("T5"));
    }

    /// The network attends to all states that it is given. For one video they are cut to the tokens
    /// of its prompt, those of the negative one too; for more the padding of the prompts becomes
    /// zero, but not that of the negative one.
    private static Tensor states(PromptEncoder.Encoded encoded, GenerationRequest request) {
        Tensor states = encoded.states().last(); // [prompts + 1, L, E]
        Tensor mask = encoded.tokens().mask(); // [prompts + 1, L]
        int prompts = request.prompts().size();
        if (request.pictures() == 1) {
            long tokens = Tensors.longs(mask.narrow(0, 0, 1).sum())[0];
            return states.narrow(1, 0, tokens);
        }
        Tensor all = Tensors.full(1, Dtype.INT64, mask.size(0) - prompts, mask.size(1));
        Tensor seen = Ops.cat(0, mask.narrow(0, 0, prompts), all); // [prompts + 1, L]
        return states.mul(Ops.on(seen, states).unsqueeze(2));
    }

    private final class Encoded implements PromptedNetwork.Prompts {
        private final Tensor states;
        private final List<String> remarks;

        Encoded(Tensor states, List<String> remarks) {
            this.states = states;
            this.remarks = remarks;
        }

        @Override
        public PromptedNetwork.Prepared prepare(int texts) {
            LatteText latte = network.get();
            Tensor own = Ops.to(states.narrow(0, 0, texts), latte.dtype()); // [P, L, E]
            Attended all = Batches.once(() -> latte.prepare(own));
            return shown -> {
                Attended rows = Batches.of(all, texts, shown, Attended::rows);
                return (x, t) -> {
                    Tensor y = latte.forward(Ops.to(x, latte.dtype()), t, rows, null, true);
                    return Ops.to(y.narrow(1, 0, x.size(1)), Dtype.FLOAT32); // no variance
                };
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

    @Override
    public int inChannels() {
        return config.inChannels();
    }

    @Override
    public VideoPatch patch() {
        return new VideoPatch(1, config.patchSize(), config.patchSize());
    }

    @Override
    public Size usual(int downsampling, int temporal) {
        int side = config.inputSize() * downsampling;
        return new Size(config.numFrames(), side, side);
    }

    @Override
    public double rate() {
        return RATE;
    }

    @Override
    public void requireFrames(int frames) {
        ConfigException.require(
                frames == 1 || frames == config.numFrames(),
                "this model makes videos of %d frames, or of one, but not of %d",
                config.numFrames(),
                frames);
    }

    @Override
    public void close() {
        try (t5;
                network) {
            return;
        }
    }
}
