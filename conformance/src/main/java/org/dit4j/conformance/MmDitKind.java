package org.dit4j.conformance;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.model.MmDit;
import org.dit4j.model.MmDitCheckpoint;
import org.dit4j.tensor.Ops;
import tools.jackson.databind.JsonNode;

/// MM-DiT (Stable Diffusion 3) of diffusers: the forward pass, also without some blocks, and what
/// each stage hands on, also with adapters: `models/sd3`.
final class MmDitKind implements CaseKind {
    @Override
    public boolean accepts(ReferenceCase c) {
        return c.name().startsWith("models/sd3/");
    }

    @Override
    public void run(ReferenceCase c, Findings out) {
        for (String id : c.calls()) {
            LoadOptions options = ModelCall.of(c, id).options(c);
            try (MmDit dit = MmDitCheckpoint.open(c.modelFolder()).load(options)) {
                Ops.noGrad(() -> {
                    check(c, id, dit, out);
                    return 0;
                });
            }
        }
    }

    private static void check(ReferenceCase c, String id, MmDit dit, Findings out) {
        Tensor x = c.in(id, "hidden_states");
        Tensor t = c.in(id, "timestep");
        Tensor text = c.in(id, "encoder_hidden_states");
        Tensor pooled = c.in(id, "pooled_projections");
        out.compare(
                c.named(id, "out.sample"),
                dit.forward(
                        x, t, text, pooled, new MmDit.Changes(skipped(c.json(), id), List.of())));
        MmDit.Hidden h = dit.embed(x, t, text, pooled);
        compare(c, id, "mid.pos_embed", h.x(), out);
        compare(c, id, "mid.time_text_embed", h.c().c(), out);
        compare(c, id, "mid.context_embedder", h.text(), out);
        compare(c, id, "mid.transformer_blocks.0.input.hidden_states", h.x(), out);
        compare(c, id, "mid.transformer_blocks.0.input.encoder_hidden_states", h.text(), out);
        compare(c, id, "mid.transformer_blocks.0.input.temb", h.c().c(), out);
        for (int i = 0; i < dit.depth(); i++) {
            h = dit.block(i, h);
            compare(c, id, "mid.transformer_blocks." + i + ".0", h.text(), out);
            compare(c, id, "mid.transformer_blocks." + i + ".1", h.x(), out);
        }
    }

    private static Set<Integer> skipped(JsonNode json, String id) {
        var layers = new HashSet<Integer>();
        for (JsonNode call : json.path("calls")) {
            if (call.path("id").asString("").equals(id)) {
                call.path("args").path("skip_layers").forEach(i -> layers.add(i.intValue()));
            }
        }
        return layers;
    }

    private static void compare(
            ReferenceCase c, String id, String name, Tensor actual, Findings out) {
        if (c.has(c.named(id, name))) {
            out.compare(c.named(id, name), actual);
        }
    }
}
