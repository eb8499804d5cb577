package org.dit4j.pipeline;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.diffusion.Denoiser;
import org.dit4j.diffusion.FlowLevels;
import org.dit4j.diffusion.Guidance;
import org.dit4j.diffusion.SamplerFactory;
import org.dit4j.model.Lumina2;
import org.dit4j.model.Lumina2Checkpoint;
import org.dit4j.model.OpenCheckpoint;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Tensors;

/// Lumina-Image 2.0: the layer before the last of Gemma 2 and a [Lumina2] (Qin et al. 2025,
/// arXiv:2503.21758; diffusers, `pipeline_lumina2.py`).
///
/// The text of `system_prompt.txt` in the folder goes before every prompt, but not before the
/// negative one; without the file it is empty. Guidance keeps the norms of the conditional
/// prediction, as it does in diffusers unless told otherwise; [Guide#from] leaves it out near the
/// data, which diffusers counts in steps (`cfg_trunc_ratio`).
final class Lumina2Prompts implements PromptedNetwork {
    static final String SYSTEM_PROMPT = "system_prompt.txt";

    /// What stands between the system prompt and a prompt.
    static final String START = " <Prompt Start> ";

    private static final int TOKENS = 256;

    /// Steps of training of the scheduler that the network comes with.
    private static final double STEPS = 1000;

    private final PromptEncoder gemma;
    private final PromptPrefix system;
    private final Lumina2.Config config;
    private final Lazy<Lumina2> network;

    /// Opens the parts in a pipeline's folder.
    Lumina2Prompts(Path folder, LoadOptions options, Residency residency) {
        OpenCheckpoint<Lumina2.Config, Lumina2> checkpoint =
                Lumina2Checkpoint.open(folder.resolve("transformer"));
        config = checkpoint.config();
        network = new Lazy<>(() -> checkpoint.load(options));
        system = PromptPrefix.read(folder, SYSTEM_PROMPT);
        gemma = PromptEncoder.of(folder, "", options, residency);
    }

    /// The negative prompt is the last text.
    @Override
    public Prompts encode(List<String> texts, GenerationRequest request) {
        int length = request.textTokens() > 0 ? request.textTokens() : TOKENS;
        var whole = new ArrayList<String>();
        for (int i = 0; i < texts.size(); i++) {
            boolean negative = i >= request.prompts().size();
            whole.add(negative ? texts.get(i) : system.text() + START + texts.get(i));
        }
        return new Encoded(gemma.maskedBehind(whole, length, 1));
    }

    private final class Encoded implements Prompts {
        private final PromptEncoder.Encoded encoded;

        Encoded(PromptEncoder.Encoded encoded) {
            this.encoded = encoded;
        }

        @Override
        public Prepared prepare(int texts) {
            Lumina2 dit = network.get();
            Tensor states = Ops.to(encoded.beside().narrow(0, 0, texts), dit.dtype()); // [P, L, E]
            Tensor mask = encoded.tokens().mask().narrow(0, 0, texts); // [P, L]
            Lumina2.Prepared all = Batches.once(() -> dit.prepare(states, mask));
            return shown -> of(dit, Batches.of(all, texts, shown, Lumina2.Prepared::rows));
        }

        private Denoiser of(Lumina2 dit, Lumina2.Prepared text) {
            return (x, t) -> {
                double time = 1 - Tensors.doubles(t)[0] / STEPS; // 0 noise, 1 picture
                Tensor at = Tensors.full(time, Dtype.FLOAT32, x.size(0));
                Tensor y = dit.forward(Ops.to(x, dit.dtype()), at, text);
                return Ops.mul(Ops.to(y.narrow(1, 0, x.size(1)), Dtype.FLOAT32), -1);
            };
        }

        @Override
        public Map<String, Tensor> arguments(List<Integer> texts) {
            return Map.of(
                    "encoder_hidden_states",
                    Batches.rows(encoded.beside(), texts),
                    "encoder_attention_mask",
                    Batches.rows(encoded.tokens().mask(), texts));
        }

        @Override
        public List<String> remarks() {
            var all = new ArrayList<>(system.remarks());
            all.addAll(encoded.remarks("Gemma"));
            return all;
        }
    }

    @Override
    public Guidance guidance(Guide guide) {
        return Guidance.of(guide.scale(), Guidance.Scope.DATA).keepingNorms();
    }

    @Override
    public SamplerFactory onLevels(SamplerFactory method) {
        return method.onGrid(FlowLevels.Grid.UNIFORM);
    }

    /// diffusers takes the channels of the latents for their tokens, so a shift by size is the same
    /// for all sizes. (The published scheduler has a fixed shift.)
    @Override
    public long tokens(long height, long width) {
        return config.inChannels();
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
