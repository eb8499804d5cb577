package org.dit4j.conformance;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.model.Sana;
import org.dit4j.model.SanaCheckpoint;
import org.dit4j.tensor.Ops;

/// Sana and Sana Sprint of diffusers: the forward pass and what each stage hands on: `models/sana`.
final class SanaKind implements CaseKind {
    @Override
    public boolean accepts(ReferenceCase c) {
        return c.name().startsWith("models/sana/");
    }

    @Override
    public void run(ReferenceCase c, Findings out) {
        try (Sana dit = SanaCheckpoint.open(c.modelFolder()).load(c.loading())) {
            Ops.noGrad(() -> {
                c.calls().forEach(id -> check(c, id, dit, out));
                return 0;
            });
        }
    }

    private static void check(ReferenceCase c, String id, Sana dit, Findings out) {
        Tensor x = c.in(id, "hidden_states");
        Tensor t = c.in(id, "timestep");
        var conditions =
                new Sana.Conditions(
                        c.in(id, "encoder_hidden_states"),
                        c.hasIn(id, "encoder_attention_mask")
                                ? c.in(id, "encoder_attention_mask")
                                : null,
                        c.hasIn(id, "guidance") ? c.in(id, "guidance") : null);
        out.compare(c.named(id, "out.sample"), dit.forward(x, t, conditions));
        Sana.Hidden h = dit.embed(x, t, conditions);
        compare(c, id, "mid.patch_embed", h.x(), out);
        compare(c, id, "mid.time_embed.0", h.modulation().flatten(1, 2), out);
        compare(c, id, "mid.time_embed.1", h.c(), out);
        compare(c, id, "mid.caption_projection", h.projected(), out);
        compare(c, id, "mid.caption_norm", h.text().states(), out);
        Tensor tokens = h.x();
        for (int i = 0; i < dit.depth(); i++) {
            tokens = dit.block(i, tokens, h);
            compare(c, id, "mid.transformer_blocks." + i, tokens, out);
        }
        compare(c, id, "mid.norm_out", dit.norm(tokens, h), out);
    }

    private static void compare(
            ReferenceCase c, String id, String name, Tensor actual, Findings out) {
        if (c.has(c.named(id, name))) {
            out.compare(c.named(id, name), actual);
        }
    }
}
