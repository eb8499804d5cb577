package org.dit4j.conformance;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.model.CogVideoX;
import org.dit4j.model.CogVideoXCheckpoint;
import org.dit4j.nn.Rotary;
import org.dit4j.tensor.Ops;
import org.jspecify.annotations.Nullable;

/// CogVideoX of diffusers: the forward pass, and what each stage hands on: `models/cogvideox`.
final class CogVideoXKind implements CaseKind {
    private static final String ROTARY = "image_rotary_emb.";

    @Override
    public boolean accepts(ReferenceCase c) {
        return c.name().startsWith("models/cogvideox/");
    }

    @Override
    public void run(ReferenceCase c, Findings out) {
        try (CogVideoX dit = CogVideoXCheckpoint.open(c.modelFolder()).load(c.loading())) {
            Ops.noGrad(() -> {
                c.calls().forEach(id -> check(c, id, dit, out));
                return 0;
            });
        }
    }

    private static void check(ReferenceCase c, String id, CogVideoX dit, Findings out) {
        Tensor x = c.in(id, "hidden_states");
        Tensor t = c.in(id, "timestep");
        Tensor text = c.in(id, "encoder_hidden_states");
        @Nullable Tensor offset = c.hasIn(id, "ofs") ? c.in(id, "ofs") : null;
        @Nullable Rotary rotary =
                c.hasIn(id, ROTARY + 0)
                        ? new Rotary(c.in(id, ROTARY + 0), c.in(id, ROTARY + 1))
                        : null;
        out.compare(c.named(id, "out.sample"), dit.forward(x, t, text, offset, rotary));
        CogVideoX.Hidden h = dit.embed(x, t, text, offset, rotary);
        compare(c, id, "mid.patch_embed", h.x(), out);
        compare(c, id, "mid.embedding_dropout", h.x(), out);
        compare(c, id, "mid.transformer_blocks.0.input.temb", h.c(), out);
        Tensor tokens = h.x();
        long l = h.length();
        for (int i = 0; i < dit.depth(); i++) {
            tokens = dit.block(i, tokens, h);
            String block = "mid.transformer_blocks." + i;
            compare(c, id, block + ".0", tokens.narrow(1, l, tokens.size(1) - l), out);
            compare(c, id, block + ".1", tokens.narrow(1, 0, l), out);
        }
    }

    private static void compare(
            ReferenceCase c, String id, String name, Tensor actual, Findings out) {
        if (c.has(c.named(id, name))) {
            out.compare(c.named(id, name), actual);
        }
    }
}
