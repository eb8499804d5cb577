package org.dit4j.pipeline;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.model.OpenCheckpoint;
import org.dit4j.model.StableAudio;
import org.dit4j.model.StableAudioCheckpoint;
import org.dit4j.model.StableAudioConditions;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Tensors;

/// Stable Audio: T5, the seconds at which a sound starts and ends, and a [StableAudio] (Evans et
/// al. 2024, arXiv:2407.14358; diffusers, `pipeline_stable_audio.py`).
///
/// Without a negative prompt the states of the unconditional half are zero, those of the seconds
/// among them.
final class StableAudioPrompts implements AudioNetwork {
    /// Tokens of a prompt where the folder does not say (Stability-AI/stable-audio-tools,
    /// `conditioners.py`).
    private static final int TOKENS = 128;

    private final PromptEncoder t5;
    private final StableAudio.Config config;
    private final StableAudioConditions.Config seconds;
    private final Lazy<StableAudioConditions> conditions;
    private final Lazy<StableAudio> network;

    /// Opens the parts in a pipeline's folder.
    StableAudioPrompts(Path folder, LoadOptions options, Residency residency) {
        OpenCheckpoint<StableAudio.Config, StableAudio> checkpoint =
                StableAudioCheckpoint.open(folder.resolve("transformer"));
        config = checkpoint.config();
        network = new Lazy<>(() -> checkpoint.load(options));
        OpenCheckpoint<StableAudioConditions.Config, StableAudioConditions> projections =
                StableAudioConditions.open(folder.resolve("projection_model"));
        seconds = projections.config();
        LoadOptions plain = options.withDtype(Dtype.FLOAT32).withLoras(List.of());
        conditions = new Lazy<>(() -> projections.load(plain));
        t5 = PromptEncoder.of(folder, "", options, residency);
    }

    @Override
    public PromptedNetwork.Prompts encode(List<String> texts, GenerationRequest request) {
        int most = t5.mostTokens(TOKENS);
        int length = request.textTokens() > 0 ? request.textTokens() : most;
        PromptEncoder.Encoded encoded = t5.masked(texts, length, 0);
        Tensor last = encoded.states().last(); // [B, L, E]
        Tensor seen = Ops.on(encoded.tokens().mask(), last).unsqueeze(2); // [B, L, 1]
        StableAudioConditions projections = conditions.get();
        Tensor text = projections.text(last.mul(seen)).mul(seen); // [B, L, E]
        int n = texts.size();
        Tensor from = projections.start(Tensors.full(request.clip().start(), Dtype.FLOAT32, n));
        Tensor to = projections.end(Tensors.full(request.clip().end(), Dtype.FLOAT32, n));
        Tensor states = Ops.cat(1, text, from, to); // [B, L + 2, E]
        return new Encoded(
                request.guide().negative().isEmpty() ? withoutLast(states) : states,
                Ops.cat(2, from, to), // [B, 1, G]
                encoded.remarks("T5"));
    }

    private static Tensor withoutLast(Tensor states) {
        Tensor last = states.narrow(0, states.size(0) - 1, 1);
        return Ops.cat(0, states.narrow(0, 0, states.size(0) - 1), Ops.mul(last, 0));
    }

    private final class Encoded implements PromptedNetwork.Prompts {
        private final Tensor states;
        private final Tensor times;
        private final List<String> remarks;

        Encoded(Tensor states, Tensor times, List<String> remarks) {
            this.states = states;
            this.times = times;
            this.remarks = remarks;
        }

        @Override
        public PromptedNetwork.Prepared prepare(int texts) {
            StableAudio audio = network.get();
            Tensor own = Ops.to(states.narrow(0, 0, texts), audio.dtype()); // [P, L, E]
            Tensor whole = Ops.to(times.narrow(0, 0, texts), audio.dtype()); // [P, 1, G]
            StableAudio.Prepared all = Batches.once(() -> audio.prepare(own, whole));
            return shown -> {
                var rows = Batches.of(all, texts, shown, StableAudio.Prepared::rows);
                return (x, t) ->
                        Ops.to(audio.forward(Ops.to(x, audio.dtype()), t, rows), Dtype.FLOAT32);
            };
        }

        @Override
        public Map<String, Tensor> arguments(List<Integer> texts) {
            var positions = network.get().positions(config.length() + 1);
            return Map.of(
                    "encoder_hidden_states",
                    Batches.rows(states, texts),
                    "global_hidden_states",
                    Batches.rows(times, texts),
                    "rotary_embedding.0",
                    positions.cos(),
                    "rotary_embedding.1",
                    positions.sin());
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
    public int length() {
        return config.length();
    }

    @Override
    public double lastSecond() {
        return seconds.maxSeconds();
    }

    @Override
    public void close() {
        try (t5;
                conditions;
                network) {
            return;
        }
    }
}
