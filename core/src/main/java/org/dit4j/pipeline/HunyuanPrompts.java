package org.dit4j.pipeline;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.diffusion.Denoiser;
import org.dit4j.model.HunyuanDit;
import org.dit4j.model.HunyuanDitCheckpoint;
import org.dit4j.model.HunyuanDitControlNet;
import org.dit4j.model.HunyuanDitControlNetCheckpoint;
import org.dit4j.model.OpenCheckpoint;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Tensors;

/// Hunyuan-DiT as published: a bilingual CLIP (a BERT), mT5, and a [HunyuanDit] (Li et al. 2024,
/// arXiv:2405.08748; diffusers, `pipeline_hunyuandit.py`, `pipeline_hunyuandit_controlnet.py`).
final class HunyuanPrompts implements PromptedNetwork {
    /// Height and width of the pictures of the training, a condition up to version 1.1.
    private static final float ORIGINAL_SIZE = 1024;

    private final PromptEncoder clip;
    private final PromptEncoder t5;
    private final HunyuanDit.Config config;
    private final Lazy<HunyuanDit> network;
    private final ControlNets<HunyuanDit.Config, HunyuanDitControlNet> controlNets;

    /// Opens the parts in a pipeline's folder.
    HunyuanPrompts(Path folder, PipelineOptions pipeline) {
        LoadOptions options = pipeline.network();
        Residency residency = pipeline.residency();
        OpenCheckpoint<HunyuanDit.Config, HunyuanDit> checkpoint =
                HunyuanDitCheckpoint.open(folder.resolve("transformer"));
        config = checkpoint.config();
        network = new Lazy<>(() -> checkpoint.load(options));
        controlNets =
                ControlNets.open(
                        pipeline.controlNets(), HunyuanDitControlNetCheckpoint::open, options);
        clip = PromptEncoder.of(folder, "", options, residency);
        t5 = PromptEncoder.of(folder, "_2", options, residency);
    }

    @Override
    public Prompts encode(List<String> texts, GenerationRequest request) {
        return new Encoded(
                clip.masked(texts, config.text().length(), 0),
                t5.masked(texts, config.text().secondLength(), 0),
                request);
    }

    private final class Encoded implements Prompts {
        private final PromptEncoder.Encoded first;
        private final PromptEncoder.Encoded second;
        private final GenerationRequest request;

        Encoded(
                PromptEncoder.Encoded first,
                PromptEncoder.Encoded second,
                GenerationRequest request) {
            this.first = first;
            this.second = second;
            this.request = request;
        }

        @Override
        public Prepared prepare(int texts) {
            return new Steered(texts, conditions(texts));
        }

        private HunyuanDit.Conditions conditions(int texts) {
            Dtype dtype = network.get().dtype();
            return new HunyuanDit.Conditions(
                    Ops.to(first.states().last().narrow(0, 0, texts), dtype),
                    first.tokens().mask().narrow(0, 0, texts),
                    Ops.to(second.states().last().narrow(0, 0, texts), dtype),
                    second.tokens().mask().narrow(0, 0, texts),
                    config.sizeAndStyle() ? Optional.of(meta(texts)) : Optional.empty());
        }

        private HunyuanDit.Meta meta(int pictures) {
            float[] one = {ORIGINAL_SIZE, ORIGINAL_SIZE, request.height(), request.width(), 0, 0};
            return new HunyuanDit.Meta(
                    Tensors.of(one, 1, one.length).repeat(pictures, 1),
                    Tensors.zeros(Dtype.INT64, pictures));
        }

        @Override
        public Map<String, Tensor> arguments(List<Integer> texts) {
            HunyuanDit.Meta meta = meta(texts.size());
            return Map.of(
                    "encoder_hidden_states",
                    Batches.rows(first.states().last(), texts),
                    "text_embedding_mask",
                    Batches.rows(first.tokens().mask(), texts),
                    "encoder_hidden_states_t5",
                    Batches.rows(second.states().last(), texts),
                    "text_embedding_mask_t5",
                    Batches.rows(second.tokens().mask(), texts),
                    "image_meta_size",
                    meta.sizes(),
                    "style",
                    meta.style());
        }

        @Override
        public List<String> remarks() {
            var remarks = new ArrayList<>(first.remarks("CLIP"));
            remarks.addAll(second.remarks("T5"));
            return remarks;
        }
    }

    /// The network and its ControlNets, each with what it makes of the texts.
    private final class Steered implements Prepared {
        private final int texts;
        private final HunyuanDit.Prepared all;
        private final List<HunyuanDit.Prepared> steering;

        Steered(int texts, HunyuanDit.Conditions conditions) {
            this.texts = texts;
            all = Batches.once(() -> network.get().prepare(conditions));
            steering =
                    controlNets.nets().stream()
                            .map(net -> Batches.once(() -> net.network().get().prepare(conditions)))
                            .toList();
        }

        @Override
        public Denoiser of(List<Integer> shown) {
            return of(shown, List.of());
        }

        @Override
        public Denoiser of(List<Integer> shown, List<Control> controls) {
            HunyuanDit dit = network.get();
            HunyuanDit.Prepared own = rows(all, shown);
            List<HunyuanDit.Prepared> others = steering.stream().map(s -> rows(s, shown)).toList();
            return (x, t) -> {
                Tensor latents = Ops.to(x, dit.dtype());
                List<Tensor> residuals =
                        controlNets.sum(
                                controls,
                                (i, net, control) ->
                                        net.forward(
                                                latents,
                                                Ops.to(control.latents(), net.dtype()),
                                                t,
                                                others.get(i),
                                                control.scale()));
                Tensor y = dit.forward(latents, t, own, residuals);
                return Ops.to(y.narrow(1, 0, x.size(1)), Dtype.FLOAT32); // without the variance
            };
        }

        private HunyuanDit.Prepared rows(HunyuanDit.Prepared of, List<Integer> shown) {
            return Batches.of(of, texts, shown, HunyuanDit.Prepared::rows);
        }
    }

    @Override
    public Latents latents() {
        return new Latents(config.inChannels(), config.patchSize(), config.inputSize());
    }

    @Override
    public List<ControlLatents> controls() {
        return controlNets.latents(_ -> ControlLatents.UNSHIFTED);
    }

    @Override
    public void close() {
        try (clip;
                t5;
                controlNets;
                network) {
            return;
        }
    }
}
