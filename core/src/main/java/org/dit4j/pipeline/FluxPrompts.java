package org.dit4j.pipeline;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.diffusion.Denoiser;
import org.dit4j.diffusion.FlowLevels;
import org.dit4j.diffusion.Guidance;
import org.dit4j.diffusion.SamplerFactory;
import org.dit4j.model.Flux;
import org.dit4j.model.FluxCheckpoint;
import org.dit4j.model.OpenCheckpoint;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Tensors;

/// FLUX.1: CLIP for the pooled vector, T5 for the states, and a [Flux] (black-forest-labs/flux,
/// `sampling.py`; diffusers, `pipeline_flux.py`).
///
/// A network that was distilled with guidance takes its scale as an input; classifier-free guidance
/// on top is [Guide#trueScale].
final class FluxPrompts implements PromptedNetwork {
    private static final int CLIP_TOKENS = 77;
    private static final int T5_TOKENS = 512;

    /// Height and width of the latents of the published networks' usual pictures, 1024 pixels.
    private static final int INPUT_SIZE = 128;

    private static final int PATCH = 2;

    private final PromptEncoder clip;
    private final PromptEncoder t5;
    private final Flux.Config config;
    private final Lazy<Flux> network;

    /// Opens the parts in a pipeline's folder.
    FluxPrompts(Path folder, LoadOptions options, Residency residency) {
        OpenCheckpoint<Flux.Config, Flux> checkpoint =
                FluxCheckpoint.open(folder.resolve("transformer"));
        config = checkpoint.config();
        network = new Lazy<>(() -> checkpoint.load(options));
        clip = PromptEncoder.of(folder, "", options, residency);
        t5 = PromptEncoder.of(folder, "_2", options, residency);
    }

    @Override
    public Prompts encode(List<String> texts, GenerationRequest request) {
        PromptEncoder.Encoded first = clip.unmasked(texts, CLIP_TOKENS, 0);
        int length = request.textTokens() > 0 ? request.textTokens() : T5_TOKENS;
        PromptEncoder.Encoded second = t5.unmasked(texts, length, 0);
        Tensor pooled =
                first.states()
                        .pooled()
                        .orElseThrow(() -> new ConfigException("the CLIP encoder pools nothing"));
        return new Encoded(
                second.states().last(), pooled, request.guide().scale(), second.remarks("T5"));
    }

    private final class Encoded implements Prompts {
        private final Tensor states;
        private final Tensor pooled;
        private final double scale;
        private final List<String> remarks;

        Encoded(Tensor states, Tensor pooled, double scale, List<String> remarks) {
            this.states = states;
            this.pooled = pooled;
            this.scale = scale;
            this.remarks = remarks;
        }

        /// The projection of the texts is nothing beside the blocks.
        @Override
        public Prepared prepare(int texts) {
            return this::of;
        }

        private Denoiser of(List<Integer> texts) {
            Flux flux = network.get();
            Tensor own = Ops.to(Batches.rows(states, texts), flux.dtype()); // [B, L, E]
            Tensor vectors = Ops.to(Batches.rows(pooled, texts), flux.dtype()); // [B, P]
            int axes = config.axes().size();
            return (x, t) -> {
                Tensor answer =
                        flux.forward(
                                new Flux.Inputs(
                                        Flux.pack(Ops.to(x, flux.dtype())),
                                        Ops.div(t, 1000),
                                        own,
                                        vectors,
                                        config.guidance()
                                                ? Tensors.full(scale, Dtype.FLOAT32, x.size(0))
                                                : null,
                                        Tensors.zeros(Dtype.FLOAT32, own.size(1), axes),
                                        Flux.grid((int) x.size(2), (int) x.size(3))));
                return Ops.to(Flux.unpack(answer, x.size(2), x.size(3)), Dtype.FLOAT32);
            };
        }

        @Override
        public Map<String, Tensor> arguments(List<Integer> texts) {
            return Map.of(
                    "encoder_hidden_states",
                    Batches.rows(states, texts),
                    "pooled_projections",
                    Batches.rows(pooled, texts),
                    "guidance",
                    Tensors.full(scale, Dtype.FLOAT32, texts.size()),
                    "txt_ids",
                    Tensors.zeros(Dtype.FLOAT32, states.size(1), config.axes().size()));
        }

        @Override
        public List<String> remarks() {
            return remarks;
        }
    }

    @Override
    public Latents latents() {
        return new Latents(config.inChannels() / (PATCH * PATCH), PATCH, INPUT_SIZE);
    }

    @Override
    public Guidance guidance(Guide guide) {
        return Guidance.of(guide.trueScale(), Guidance.Scope.DATA);
    }

    @Override
    public SamplerFactory onLevels(SamplerFactory method) {
        return method.onGrid(FlowLevels.Grid.UNIFORM);
    }

    @Override
    public void close() {
        try (clip;
                t5;
                network) {
            return;
        }
    }
}
