package org.dit4j.pipeline;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.model.OpenCheckpoint;
import org.dit4j.model.PixArt;
import org.dit4j.model.PixArtCheckpoint;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Tensors;

/// PixArt-alpha and PixArt-Sigma: T5 and a [PixArt] (Chen et al. 2023, arXiv:2310.00426, and 2024,
/// arXiv:2403.04692; diffusers, `pipeline_pixart_alpha.py`, `pipeline_pixart_sigma.py`).
///
/// Prompts are in lower case, as diffusers writes them for the networks.
final class PixArtPrompts implements PromptedNetwork {
    /// Tokens of a prompt for PixArt-alpha.
    static final int ALPHA_TOKENS = 120;

    /// Tokens of a prompt for PixArt-Sigma.
    static final int SIGMA_TOKENS = 300;

    private final PromptEncoder t5;
    private final int tokens;
    private final PixArt.Config config;
    private final Lazy<PixArt> network;

    /// Opens the parts in a pipeline's folder.
    ///
    /// @param tokens of a prompt, unless a request says other
    PixArtPrompts(Path folder, int tokens, LoadOptions options, Residency residency) {
        this.tokens = tokens;
        OpenCheckpoint<PixArt.Config, PixArt> checkpoint =
                PixArtCheckpoint.open(folder.resolve("transformer"));
        config = checkpoint.config();
        network = new Lazy<>(() -> checkpoint.load(options));
        t5 = PromptEncoder.of(folder, "", options, residency);
    }

    @Override
    public Prompts encode(List<String> texts, GenerationRequest request) {
        int length = request.textTokens() > 0 ? request.textTokens() : tokens;
        List<String> lower = texts.stream().map(s -> s.toLowerCase(Locale.ROOT).strip()).toList();
        return new Encoded(t5.masked(lower, length, 0), request);
    }

    private final class Encoded implements Prompts {
        private final PromptEncoder.Encoded encoded;
        private final GenerationRequest request;

        Encoded(PromptEncoder.Encoded encoded, GenerationRequest request) {
            this.encoded = encoded;
            this.request = request;
        }

        @Override
        public Prepared prepare(int texts) {
            PixArt pixArt = network.get();
            Tensor states = encoded.states().last().narrow(0, 0, texts); // [P, L, E]
            var conditions =
                    new PixArt.Conditions(
                            Ops.to(states, pixArt.dtype()),
                            encoded.tokens().mask().narrow(0, 0, texts),
                            config.microConditions() ? micro(texts) : null);
            PixArt.Prepared all = Batches.once(() -> pixArt.prepare(conditions));
            return shown -> {
                var own = Batches.of(all, texts, shown, PixArt.Prepared::rows);
                return (x, t) -> {
                    Tensor y = pixArt.forward(Ops.to(x, pixArt.dtype()), t, own);
                    return Ops.to(y.narrow(1, 0, x.size(1)), Dtype.FLOAT32); // no variance
                };
            };
        }

        private PixArt.Micro micro(int texts) {
            float h = request.height();
            float w = request.width();
            var sizes = new float[2 * texts];
            for (int i = 0; i < texts; i++) {
                sizes[2 * i] = h;
                sizes[2 * i + 1] = w;
            }
            return new PixArt.Micro(
                    Tensors.of(sizes, texts, 2), Tensors.full(h / w, Dtype.FLOAT32, texts, 1));
        }

        @Override
        public Map<String, Tensor> arguments(List<Integer> texts) {
            return Map.of(
                    "encoder_hidden_states",
                    Batches.rows(encoded.states().last(), texts),
                    "encoder_attention_mask",
                    Batches.rows(encoded.tokens().mask(), texts));
        }

        @Override
        public List<String> remarks() {
            return encoded.remarks("T5");
        }
    }

    @Override
    public Latents latents() {
        return new Latents(config.inChannels(), config.patchSize(), config.inputSize());
    }

    @Override
    public boolean binned() {
        return true;
    }

    @Override
    public void close() {
        try (t5;
                network) {
            return;
        }
    }
}
