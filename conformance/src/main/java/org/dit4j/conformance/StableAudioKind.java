package org.dit4j.conformance;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.model.StableAudio;
import org.dit4j.model.StableAudioCheckpoint;
import org.dit4j.tensor.Ops;

/// The Stable Audio of diffusers: the forward pass, its rotary tables and the tokens after each
/// block: `models/stable-audio/*`.
final class StableAudioKind implements CaseKind {
    @Override
    public boolean accepts(ReferenceCase c) {
        return c.name().startsWith("models/stable-audio/");
    }

    @Override
    public void run(ReferenceCase c, Findings out) {
        try (StableAudio dit = StableAudioCheckpoint.open(c.modelFolder()).load(c.loading())) {
            Ops.noGrad(() -> {
                c.calls().forEach(id -> check(c, id, dit, out));
                return 0;
            });
        }
    }

    private static void check(ReferenceCase c, String id, StableAudio dit, Findings out) {
        Tensor x = c.in(id, "hidden_states");
        Tensor t = c.in(id, "timestep");
        Tensor states = c.in(id, "encoder_hidden_states");
        Tensor times = c.in(id, "global_hidden_states");
        out.compare(c.named(id, "out.sample"), dit.forward(x, t, states, times));
        StableAudio.Hidden h = dit.embed(x, t, states, times);
        tables(c, id, h, out);
        compare(c, c.named(id, "mid.timestep_proj"), dit.time(t), out);
        compare(c, c.named(id, "mid.cross_attention_proj"), h.text().states(), out);
        compare(c, c.named(id, "mid.transformer_blocks.0.input.hidden_states"), h.x(), out);
        Tensor z = h.x();
        for (int i = 0; i < dit.depth(); i++) {
            z = dit.block(i, z, h);
            compare(c, c.named(id, "mid.transformer_blocks." + i), z, out);
        }
    }

    /// What the pipeline gives the reference, the network makes itself.
    private static void tables(ReferenceCase c, String id, StableAudio.Hidden h, Findings out) {
        compare(c, c.named(id, "in.rotary_embedding.0"), h.positions().cos(), out);
        compare(c, c.named(id, "in.rotary_embedding.1"), h.positions().sin(), out);
    }

    private static void compare(ReferenceCase c, String name, Tensor actual, Findings out) {
        if (c.has(name)) {
            out.compare(name, actual);
        }
    }
}
