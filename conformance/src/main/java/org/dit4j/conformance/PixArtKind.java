package org.dit4j.conformance;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.model.PixArt;
import org.dit4j.model.PixArtCheckpoint;
import org.dit4j.tensor.Ops;

/// PixArt-alpha and PixArt-Sigma of diffusers: the forward pass and what each stage hands on:
/// `models/pixart`.
final class PixArtKind implements CaseKind {
    @Override
    public boolean accepts(ReferenceCase c) {
        return c.name().startsWith("models/pixart/");
    }

    @Override
    public void run(ReferenceCase c, Findings out) {
        for (String id : c.calls()) {
            LoadOptions options = ModelCall.of(c, id).options(c);
            try (PixArt dit = PixArtCheckpoint.open(c.modelFolder()).load(options)) {
                Ops.noGrad(() -> {
                    check(c, id, dit, out);
                    return 0;
                });
            }
        }
    }

    private static void check(ReferenceCase c, String id, PixArt dit, Findings out) {
        Tensor x = c.in(id, "hidden_states");
        Tensor t = c.in(id, "timestep");
        PixArt.Conditions conditions = conditions(c, id, dit.config().microConditions());
        out.compare(c.named(id, "out.sample"), dit.forward(x, t, conditions));
        PixArt.Hidden h = dit.embed(x, t, conditions);
        compare(c, id, "mid.adaln_single.0", h.modulation().flatten(1, 2), out);
        compare(c, id, "mid.adaln_single.1", h.c(), out);
        compare(c, id, "mid.caption_projection", h.text().states(), out);
        compare(c, id, "mid.pos_embed", h.x(), out);
        Tensor tokens = h.x();
        for (int i = 0; i < dit.depth(); i++) {
            tokens = dit.block(i, tokens, h);
            compare(c, id, "mid.transformer_blocks." + i, tokens, out);
        }
    }

    /// A network without size and aspect ratio does not look at them.
    private static PixArt.Conditions conditions(ReferenceCase c, String id, boolean micro) {
        String added = "added_cond_kwargs.";
        return new PixArt.Conditions(
                c.in(id, "encoder_hidden_states"),
                c.hasIn(id, "encoder_attention_mask") ? c.in(id, "encoder_attention_mask") : null,
                micro
                        ? new PixArt.Micro(
                                c.in(id, added + "resolution"), c.in(id, added + "aspect_ratio"))
                        : null);
    }

    private static void compare(
            ReferenceCase c, String id, String name, Tensor actual, Findings out) {
        if (c.has(c.named(id, name))) {
            out.compare(c.named(id, name), actual);
        }
    }
}
