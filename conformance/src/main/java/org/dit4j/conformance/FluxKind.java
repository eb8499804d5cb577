package org.dit4j.conformance;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.model.Flux;
import org.dit4j.model.FluxCheckpoint;
import org.dit4j.model.FluxResiduals;
import org.dit4j.tensor.Ops;

/// FLUX.1 of diffusers: the forward pass, also with what a ControlNet adds, and what each stage
/// hands on, also with adapters: `models/flux`.
final class FluxKind implements CaseKind {
    @Override
    public boolean accepts(ReferenceCase c) {
        return c.name().startsWith("models/flux/");
    }

    @Override
    public void run(ReferenceCase c, Findings out) {
        for (String id : c.calls()) {
            LoadOptions options = ModelCall.of(c, id).options(c);
            try (Flux dit = FluxCheckpoint.open(c.modelFolder()).load(options)) {
                Ops.noGrad(() -> {
                    check(c, id, dit, out);
                    return 0;
                });
            }
        }
    }

    private static void check(ReferenceCase c, String id, Flux dit, Findings out) {
        var in =
                new Flux.Inputs(
                        c.in(id, "hidden_states"),
                        c.in(id, "timestep"),
                        c.in(id, "encoder_hidden_states"),
                        c.in(id, "pooled_projections"),
                        c.hasIn(id, "guidance") ? c.in(id, "guidance") : null,
                        positions(c.in(id, "txt_ids")),
                        positions(c.in(id, "img_ids")));
        out.compare(c.named(id, "out.sample"), dit.forward(in, residuals(c, id)));
        Flux.Hidden h = dit.embed(in);
        compare(c, id, "mid.x_embedder", h.x(), out);
        compare(c, id, "mid.context_embedder", h.text(), out);
        compare(c, id, "mid.time_text_embed", h.c(), out);
        compare(c, id, "mid.pos_embed.0", h.positions().cos(), out);
        compare(c, id, "mid.pos_embed.1", h.positions().sin(), out);
        for (int i = 0; i < dit.depth(); i++) {
            h = dit.block(i, h);
            int single = i - dit.config().depth();
            String block =
                    single < 0
                            ? "mid.transformer_blocks." + i
                            : "mid.single_transformer_blocks." + single;
            compare(c, id, block + ".0", h.text(), out);
            compare(c, id, block + ".1", h.x(), out);
        }
        compare(c, id, "mid.proj_out", dit.head(h.x(), h.c()), out);
    }

    /// One table for all examples; the reference takes the first of a batch of tables.
    private static Tensor positions(Tensor ids) {
        return ids.dim() == 3 ? ids.select(0, 0) : ids;
    }

    private static FluxResiduals residuals(ReferenceCase c, String id) {
        return new FluxResiduals(
                ModelCall.list(c, id, "controlnet_block_samples"),
                ModelCall.list(c, id, "controlnet_single_block_samples"),
                ModelCall.of(c, id).flag("controlnet_blocks_repeat"));
    }

    private static void compare(
            ReferenceCase c, String id, String name, Tensor actual, Findings out) {
        if (c.has(c.named(id, name))) {
            out.compare(c.named(id, name), actual);
        }
    }
}
