package org.dit4j.pipeline;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.diffusion.Denoiser;
import org.dit4j.diffusion.SplitDenoiser;
import org.dit4j.model.MmDit;
import org.dit4j.model.MmDitCheckpoint;
import org.dit4j.model.MmDitControlNet;
import org.dit4j.model.MmDitControlNetCheckpoint;
import org.dit4j.model.OpenCheckpoint;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Tensors;
import org.jspecify.annotations.Nullable;

/// Stable Diffusion 3 and 3.5: two CLIP encoders, T5, and an [MmDit] (Esser et al. 2024,
/// arXiv:2403.03206; diffusers, `pipeline_stable_diffusion_3.py`).
///
/// The states of both CLIPs stand side by side, filled up with zeros to the width of T5's, and T5's
/// follow as further tokens; without T5 those are zeros.
final class Sd3Prompts implements PromptedNetwork {
    private static final int CLIP_TOKENS = 77;
    private static final int T5_TOKENS = 256;

    private final PromptEncoder clip;
    private final PromptEncoder clip2;
    private final @Nullable PromptEncoder t5;
    private final MmDit.Config config;
    private final Lazy<MmDit> network;
    private final ControlNets<MmDitControlNet.Config, MmDitControlNet> controlNets;

    /// Opens the parts in a pipeline's folder.
    Sd3Prompts(Path folder, PipelineOptions pipeline) {
        LoadOptions options = pipeline.network();
        Residency residency = pipeline.residency();
        OpenCheckpoint<MmDit.Config, MmDit> checkpoint =
                MmDitCheckpoint.open(folder.resolve("transformer"));
        config = checkpoint.config();
        network = new Lazy<>(() -> checkpoint.load(options));
        controlNets =
                ControlNets.open(pipeline.controlNets(), MmDitControlNetCheckpoint::open, options);
        clip = PromptEncoder.of(folder, "", options, residency);
        clip2 = PromptEncoder.of(folder, "_2", options, residency);
        t5 =
                Files.isDirectory(folder.resolve("text_encoder_3"))
                        ? PromptEncoder.of(folder, "_3", options, residency)
                        : null;
    }

    @Override
    public Prompts encode(List<String> texts, GenerationRequest request) {
        PromptEncoder.Encoded first = clip.unmasked(texts, CLIP_TOKENS, 1);
        PromptEncoder.Encoded second = clip2.unmasked(texts, CLIP_TOKENS, 1);
        Tensor clips = Ops.cat(2, first.beside(), second.beside()); // [P, 77, E1 + E2]
        int length = request.textTokens() > 0 ? request.textTokens() : T5_TOKENS;
        var remarks = new ArrayList<>(first.remarks("CLIP"));
        Tensor long5;
        if (t5 == null) {
            long5 = zeros(clips, texts.size(), length, config.textWidth());
        } else {
            PromptEncoder.Encoded third = t5.unmasked(texts, length, 0);
            remarks.addAll(third.remarks("T5"));
            long5 = third.states().last(); // [P, L, E]
        }
        Tensor states = Ops.cat(1, filledUp(clips), long5); // [P, 77 + L, E]
        Tensor pooled = Ops.cat(1, projected(first), projected(second)); // [P, E1 + E2]
        return new Encoded(states, pooled, remarks);
    }

    private static Tensor projected(PromptEncoder.Encoded encoded) {
        return encoded.states()
                .projected()
                .orElseThrow(() ->
                        new ConfigException(
                                "Stable Diffusion 3 takes text encoders with a projection"
                                        + " (CLIPTextModelWithProjection)"));
    }

    private Tensor filledUp(Tensor clips) {
        long missing = config.textWidth() - clips.size(2);
        ConfigException.require(
                missing >= 0,
                "the network takes states of %d numbers, but those of the CLIP encoders have %d",
                config.textWidth(),
                clips.size(2));
        return Ops.cat(2, clips, zeros(clips, clips.size(0), clips.size(1), missing));
    }

    private static Tensor zeros(Tensor like, long... shape) {
        return Ops.on(Tensors.zeros(Dtype.of(like), shape), like);
    }

    private final class Encoded implements Prompts {
        private final Tensor states;
        private final Tensor pooled;
        private final List<String> remarks;

        Encoded(Tensor states, Tensor pooled, List<String> remarks) {
            this.states = states;
            this.pooled = pooled;
            this.remarks = List.copyOf(remarks);
        }

        @Override
        public Prepared prepare(int texts) {
            return prepare(texts, List.of());
        }

        @Override
        public Prepared prepare(int texts, List<Float> times) {
            return new Steered(
                    texts, states.narrow(0, 0, texts), pooled.narrow(0, 0, texts), times);
        }

        @Override
        public Map<String, Tensor> arguments(List<Integer> texts) {
            return Map.of(
                    "encoder_hidden_states",
                    Batches.rows(states, texts),
                    "pooled_projections",
                    Batches.rows(pooled, texts));
        }

        @Override
        public List<String> remarks() {
            return remarks;
        }
    }

    /// The network with what it makes of the texts, and its ControlNets.
    private final class Steered implements Prepared {
        private final int texts;
        private final Tensor states; // [P, L, E]
        private final Tensor pooled; // [P, E']
        private final MmDit.Prepared all;

        Steered(int texts, Tensor states, Tensor pooled, List<Float> times) {
            MmDit mmDit = network.get();
            this.texts = texts;
            this.states = Ops.to(states, mmDit.dtype());
            this.pooled = Ops.to(pooled, mmDit.dtype());
            all = Batches.once(() -> mmDit.prepare(this.states, this.pooled, times));
        }

        @Override
        public Denoiser of(List<Integer> shown) {
            return of(shown, List.of());
        }

        @Override
        public SplitDenoiser of(List<Integer> shown, List<Control> controls) {
            MmDit mmDit = network.get();
            MmDit.Prepared own = Batches.of(all, texts, shown, MmDit.Prepared::rows);
            return (x, t) -> {
                Tensor latents = Ops.to(x, mmDit.dtype());
                List<Tensor> residuals = residuals(latents, t, shown, controls);
                var changes = new MmDit.Changes(Set.of(), residuals);
                return mmDit.split(latents, t, own, changes)
                        .then(answer -> Ops.to(answer, Dtype.FLOAT32));
            };
        }

        private List<Tensor> residuals(
                Tensor latents, Tensor t, List<Integer> shown, List<Control> controls) {
            Tensor vectors = Batches.rows(pooled, shown);
            return controlNets.sum(
                    controls,
                    (i, net, control) ->
                            net.forward(
                                    latents,
                                    Ops.to(control.latents(), net.dtype()),
                                    t,
                                    Batches.rows(states, shown),
                                    net.config().zeroPooled() ? Ops.mul(vectors, 0) : vectors,
                                    control.scale()));
        }
    }

    @Override
    public Latents latents() {
        return new Latents(config.inChannels(), config.patchSize(), config.inputSize());
    }

    @Override
    public List<ControlLatents> controls() {
        return controlNets.latents(
                c -> c.zeroPooled() ? ControlLatents.UNSHIFTED : ControlLatents.SHIFTED);
    }

    @Override
    public boolean splits() {
        return true;
    }

    @Override
    public void close() {
        try (clip;
                clip2;
                var _ = t5;
                controlNets;
                network) {
            return;
        }
    }
}
