package org.dit4j.conformance;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.model.StableAudioConditions;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Tensors;
import org.dit4j.text.TextCheckpoint;
import org.dit4j.text.TokenBatch;
import org.dit4j.text.TokenEncoder;
import org.dit4j.text.Tokenizer;
import tools.jackson.databind.JsonNode;

/// What diffusers' `StableAudioPipeline` gives its transformer besides the latents: states of the
/// negative and the wanted text, of start and end: `pipelines/stable_audio*`.
final class StableAudioConditionsKind implements CaseKind {
    private static final String STATES = "out.first.encoder_hidden_states";
    private static final String TIMES = "out.first.global_hidden_states";

    @Override
    public boolean accepts(ReferenceCase c) {
        return c.name().startsWith("pipelines/stable_audio");
    }

    @Override
    public void run(ReferenceCase c, Findings out) {
        Path folder = c.modelFolder();
        try (StableAudioConditions conditions =
                        StableAudioConditions.open(folder.resolve("projection_model"))
                                .load(LoadOptions.inference());
                TokenEncoder encoder =
                        TextCheckpoint.open(folder.resolve("text_encoder"))
                                .load(LoadOptions.inference());
                Tokenizer tokenizer = Tokenizer.open(folder.resolve("tokenizer"))) {
            for (String id : c.calls()) {
                Ops.noGrad(() -> {
                    compare(c, id, conditions, encoder, tokenizer, out);
                    return 0;
                });
                for (String other : List.of("timesteps", "sigmas", "model_output", "latents")) {
                    unsupported(c.named(id, "out." + other), out);
                }
                for (String other : List.of("first.", "vae_decode_in", "audios")) {
                    unsupported(c.named(id, "out." + other), out);
                }
            }
        }
    }

    private static void unsupported(String prefix, Findings out) {
        out.unsupported(prefix, "the pipeline of Stable Audio is not there yet");
    }

    private static void compare(
            ReferenceCase c,
            String id,
            StableAudioConditions conditions,
            TokenEncoder encoder,
            Tokenizer tokenizer,
            Findings out) {
        JsonNode args = c.value(id + ".args");
        String states = c.named(id, STATES);
        var texts = new ArrayList<String>();
        for (String key : List.of("negative_prompt", "prompt")) {
            if (args.has(key)) {
                texts.add(args.path(key).asString());
            }
        }
        int tokens = (int) c.tensor(states).size(1) - 2;
        TokenBatch batch = tokenizer.encode(texts, tokens);
        Tensor seen = batch.mask().unsqueeze(2); // [B, L, 1]
        Tensor encoded = encoder.encode(batch.ids(), batch.mask()).last().mul(seen);
        Tensor text = conditions.text(encoded).mul(seen);
        Tensor start = seconds(args, "audio_start_in_s", texts.size());
        Tensor end = seconds(args, "audio_end_in_s", texts.size());
        Tensor from = conditions.start(start);
        Tensor to = conditions.end(end);
        out.compare(states, Ops.cat(1, text, from, to));
        out.compare(c.named(id, TIMES), Ops.cat(2, from, to));
    }

    private static Tensor seconds(JsonNode args, String key, int count) {
        var seconds = new float[count];
        java.util.Arrays.fill(seconds, (float) args.path(key).asDouble(0));
        return Tensors.of(seconds, count);
    }
}
