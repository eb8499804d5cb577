package org.dit4j.conformance;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.model.Wan;
import org.dit4j.model.WanCheckpoint;
import org.dit4j.tensor.Ops;
import org.jspecify.annotations.Nullable;

/// Wan of diffusers: the forward pass, and what each stage hands on: `models/wan`.
///
/// The reference takes the last 512 tokens as the text when there is an image; here image and text
/// are given apart, so texts of another length beside an image differ.
final class WanKind implements CaseKind {
    @Override
    public boolean accepts(ReferenceCase c) {
        return c.name().startsWith("models/wan/");
    }

    @Override
    public void run(ReferenceCase c, Findings out) {
        try (Wan dit = WanCheckpoint.open(c.modelFolder()).load(c.loading())) {
            Ops.noGrad(() -> {
                c.calls().forEach(id -> check(c, id, dit, out));
                return 0;
            });
        }
    }

    private static void check(ReferenceCase c, String id, Wan dit, Findings out) {
        Tensor x = c.in(id, "hidden_states");
        Tensor t = c.in(id, "timestep");
        Tensor text = c.in(id, "encoder_hidden_states");
        String key = "encoder_hidden_states_image";
        @Nullable Tensor image = c.hasIn(id, key) ? c.in(id, key) : null;
        out.compare(c.named(id, "out.sample"), dit.forward(x, t, text, image));
        Wan.Hidden h = dit.embed(x, t, text, image);
        compare(c, id, "mid.condition_embedder.0", h.c().flatten(0, 1), out);
        compare(c, id, "mid.condition_embedder.1", h.time().flatten(0, 1).flatten(1, 2), out);
        compare(c, id, "mid.condition_embedder.2", h.context().text().states(), out);
        if (h.context().image() != null) {
            compare(c, id, "mid.condition_embedder.3", h.context().image().states(), out);
        }
        compare(c, id, "mid.blocks.0.input.0", h.x(), out);
        Tensor tokens = h.x();
        for (int i = 0; i < dit.depth(); i++) {
            tokens = dit.block(i, tokens, h);
            compare(c, id, "mid.blocks." + i, tokens, out);
        }
    }

    private static void compare(
            ReferenceCase c, String id, String name, Tensor actual, Findings out) {
        if (c.has(c.named(id, name))) {
            out.compare(c.named(id, name), actual);
        }
    }
}
