package org.dit4j.pipeline;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.diffusion.Consistency;
import org.dit4j.diffusion.Denoiser;
import org.dit4j.diffusion.Guidance;
import org.dit4j.diffusion.SamplerFactory;
import org.dit4j.model.OpenCheckpoint;
import org.dit4j.model.Sana;
import org.dit4j.model.SanaCheckpoint;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Tensors;
import org.jspecify.annotations.Nullable;

/// Sana and Sana Sprint: [SanaText] and a [Sana] (Xie et al. 2024, arXiv:2410.10629; Chen et al.
/// 2025, arXiv:2503.09641; diffusers, `pipeline_sana.py`, `pipeline_sana_sprint.py`).
final class SanaPrompts implements PromptedNetwork {
    /// How a network is sampled from.
    enum Kind {
        /// On the straight path, with classifier-free guidance.
        FLOW,
        /// In few steps on the circle of [TrigFlow]. The network takes the scale of the guidance as
        /// an input; classifier-free guidance on top is [Guide#trueScale].
        SPRINT
    }

    private static final int TOKENS = 300;

    private final SanaText text;
    private final Kind kind;
    private final Sana.Config config;
    private final Lazy<Sana> network;

    /// Opens the parts in a pipeline's folder.
    ///
    /// @throws ConfigException if the network is not of that kind
    SanaPrompts(Path folder, Kind kind, LoadOptions options, Residency residency) {
        this.kind = kind;
        OpenCheckpoint<Sana.Config, Sana> checkpoint =
                SanaCheckpoint.open(folder.resolve("transformer"));
        config = checkpoint.config();
        ConfigException.require(
                config.guidanceEmbeds() == (kind == Kind.SPRINT),
                kind == Kind.SPRINT
                        ? "%s: the network of a SanaSprintPipeline must take the guidance as an input"
                        : "%s: the network of a SanaPipeline must not take the guidance as an input",
                folder);
        network = new Lazy<>(() -> checkpoint.load(options));
        text = new SanaText(folder, options, residency);
    }

    @Override
    public Prompts encode(List<String> texts, GenerationRequest request) {
        int length = request.textTokens() > 0 ? request.textTokens() : TOKENS;
        return new Encoded(
                text.encode(texts, request.prompts().size(), length), request.guide().scale());
    }

    private final class Encoded implements Prompts {
        private final SanaText.Conditions encoded;
        private final double scale;

        Encoded(SanaText.Conditions encoded, double scale) {
            this.encoded = encoded;
            this.scale = scale;
        }

        @Override
        public Prepared prepare(int texts) {
            Sana sana = network.get();
            var conditions =
                    new Sana.Conditions(
                            Ops.to(encoded.states().narrow(0, 0, texts), sana.dtype()),
                            encoded.mask().narrow(0, 0, texts),
                            guidance(texts));
            Sana.Prepared all = Batches.once(() -> sana.prepare(conditions));
            return shown -> {
                Denoiser plain = plain(sana, Batches.of(all, texts, shown, Sana.Prepared::rows));
                return kind == Kind.SPRINT ? TrigFlow.of(plain) : plain;
            };
        }

        private Denoiser plain(Sana sana, Sana.Prepared own) {
            double times = kind == Kind.SPRINT ? 1 : config.timestepScale();
            return (x, t) -> {
                Tensor y = sana.forward(Ops.to(x, sana.dtype()), Ops.mul(t, times), own);
                return Ops.to(y.narrow(1, 0, x.size(1)), Dtype.FLOAT32); // without the variance
            };
        }

        private @Nullable Tensor guidance(int pictures) {
            return kind == Kind.SPRINT
                    ? Tensors.full(scale * config.guidanceScale(), Dtype.FLOAT32, pictures)
                    : null;
        }

        @Override
        public Map<String, Tensor> arguments(List<Integer> texts) {
            var all = new LinkedHashMap<String, Tensor>();
            all.put("encoder_hidden_states", Batches.rows(encoded.states(), texts));
            all.put("encoder_attention_mask", Batches.rows(encoded.mask(), texts));
            Tensor guidance = guidance(texts.size());
            if (guidance != null) {
                all.put("guidance", guidance);
            }
            return all;
        }

        @Override
        public List<String> remarks() {
            return encoded.remarks();
        }
    }

    @Override
    public Guidance guidance(Guide guide) {
        double scale = kind == Kind.SPRINT ? guide.trueScale() : guide.scale();
        return Guidance.of(scale, Guidance.Scope.DATA);
    }

    /// Sprint's data have the standard deviation that the scheduler names, but network and
    /// autoencoder take 1: here all is in that unit.
    @Override
    public SamplerFactory onLevels(SamplerFactory method) {
        if (kind == Kind.FLOW) {
            return method;
        }
        if (method instanceof Consistency consistency) {
            return consistency.withNoise(1);
        }
        throw new ConfigException("a SanaSprintPipeline can only be sampled with SCMScheduler");
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
        try (text;
                network) {
            return;
        }
    }
}
