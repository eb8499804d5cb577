package org.dit4j.pipeline;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.diffusion.Denoiser;
import org.dit4j.diffusion.Guidance;
import org.dit4j.model.LuminaDit;
import org.dit4j.model.LuminaDitCheckpoint;
import org.dit4j.model.OpenCheckpoint;
import org.dit4j.nn.RotaryScaling;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Tensors;

/// Lumina-Next: Gemma and a [LuminaDit] (Zhuo et al. 2024, arXiv:2406.18583; diffusers,
/// `pipeline_lumina.py`).
///
/// Prompts are in lower case, as diffusers writes them for the network.
final class LuminaPrompts implements PromptedNetwork {
    private static final int MOST_TOKENS = 256;

    /// Texts are padded to a multiple of it.
    private static final int TOKEN_UNIT = 8;

    /// Steps of training of the schedulers that the networks come with.
    private static final double STEPS = 1000;

    /// The time at which the scaling of positions changes; at 1 it never does.
    private static final double WATERSHED = 1;

    private final PromptEncoder gemma;
    private final LuminaDit.Config config;
    private final Lazy<LuminaDit> network;

    /// Opens the parts in a pipeline's folder.
    LuminaPrompts(Path folder, LoadOptions options, Residency residency) {
        OpenCheckpoint<LuminaDit.Config, LuminaDit> checkpoint =
                LuminaDitCheckpoint.open(folder.resolve("transformer"));
        config = checkpoint.config();
        network = new Lazy<>(() -> checkpoint.load(options));
        gemma = PromptEncoder.of(folder, "", options, residency);
    }

    /// The negative prompt, the last text, is cut to the length of the others.
    @Override
    public Prompts encode(List<String> texts, GenerationRequest request) {
        List<String> lower = texts.stream().map(s -> s.toLowerCase(Locale.ROOT).strip()).toList();
        int most = request.textTokens() > 0 ? request.textTokens() : MOST_TOKENS;
        int longest = gemma.longest(lower.subList(0, request.prompts().size()));
        int length = Math.min(most, -Math.floorDiv(-longest, TOKEN_UNIT) * TOKEN_UNIT);
        return new Encoded(gemma.masked(lower, length, 1));
    }

    private final class Encoded implements Prompts {
        private final PromptEncoder.Encoded encoded;

        Encoded(PromptEncoder.Encoded encoded) {
            this.encoded = encoded;
        }

        @Override
        public Prepared prepare(int texts) {
            LuminaDit dit = network.get();
            var condition =
                    new LuminaDit.Condition.Captions(
                            Ops.to(encoded.beside().narrow(0, 0, texts), dit.dtype()),
                            encoded.tokens().mask().narrow(0, 0, texts));
            LuminaDit.Prepared all = Batches.once(() -> dit.prepare(condition));
            return shown -> of(dit, Batches.of(all, texts, shown, LuminaDit.Prepared::rows));
        }

        private Denoiser of(LuminaDit dit, LuminaDit.Prepared condition) {
            return (x, t) -> {
                double time = 1 - Tensors.doubles(t)[0] / STEPS; // 0 noise, 1 picture
                Tensor at = Tensors.full(time, Dtype.FLOAT32, x.size(0));
                Tensor y =
                        dit.forward(
                                Ops.to(x, dit.dtype()),
                                at,
                                condition,
                                extrapolation(time, x.size(2), x.size(3)));
                return Ops.mul(Ops.to(y.narrow(1, 0, x.size(1)), Dtype.FLOAT32), -1);
            };
        }

        @Override
        public Map<String, Tensor> arguments(List<Integer> texts) {
            return Map.of(
                    "encoder_hidden_states",
                    Batches.rows(encoded.beside(), texts),
                    "encoder_mask",
                    Batches.rows(encoded.tokens().mask(), texts));
        }

        @Override
        public List<String> remarks() {
            return encoded.remarks("Gemma");
        }
    }

    private LuminaDit.Extrapolation extrapolation(double time, long h, long w) {
        double side = config.inputSize();
        int tokens = config.inputSize() / config.patchSize();
        return new LuminaDit.Extrapolation(
                RotaryScaling.timeAware(Math.sqrt(h * w / (side * side)), WATERSHED, time),
                OptionalInt.of(tokens * tokens));
    }

    @Override
    public Guidance guidance(Guide guide) {
        return Guidance.of(guide.scale(), Guidance.Scope.FIRST_THREE);
    }

    @Override
    public Latents latents() {
        return new Latents(config.inChannels(), config.patchSize(), config.inputSize());
    }

    @Override
    public void close() {
        try (gemma;
                network) {
            return;
        }
    }
}
