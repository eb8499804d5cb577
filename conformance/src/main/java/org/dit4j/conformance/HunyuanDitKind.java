package org.dit4j.conformance;

import java.util.ArrayDeque;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.model.HunyuanDit;
import org.dit4j.model.HunyuanDitCheckpoint;
import org.dit4j.tensor.Ops;

/// Hunyuan-DiT of diffusers: the table of positions, the forward pass, and what each stage hands
/// on: `models/hunyuan-dit`.
final class HunyuanDitKind implements CaseKind {
    @Override
    public boolean accepts(ReferenceCase c) {
        return c.name().startsWith("models/hunyuan-dit/");
    }

    @Override
    public void run(ReferenceCase c, Findings out) {
        for (String id : c.calls()) {
            try (HunyuanDit dit = network(c, id)) {
                Ops.noGrad(() -> {
                    check(c, id, dit, out);
                    return 0;
                });
            }
        }
    }

    /// The base of the positions belongs to the reference's call, not to its configuration.
    private static HunyuanDit network(ReferenceCase c, String id) {
        var checkpoint = HunyuanDitCheckpoint.open(c.modelFolder());
        if (c.hasIn(id, "rope.base_size")) {
            int base = (int) Ops.item(c.in(id, "rope.base_size"));
            checkpoint = checkpoint.with(checkpoint.config().withPositionBase(base));
        }
        return checkpoint.load(c.loading());
    }

    private static void check(ReferenceCase c, String id, HunyuanDit dit, Findings out) {
        Tensor x = c.in(id, "hidden_states");
        Tensor t = c.in(id, "timestep");
        HunyuanDit.Conditions conditions = conditions(c, id);
        out.compare(c.named(id, "out.sample"), dit.forward(x, t, conditions));
        HunyuanDit.Hidden h = dit.embed(x, t, conditions);
        compare(c, id, "in.image_rotary_emb.0", h.positions().cos(), out);
        compare(c, id, "in.image_rotary_emb.1", h.positions().sin(), out);
        compare(c, id, "mid.blocks.0.input.0", h.x(), out);
        compare(c, id, "mid.blocks.0.input.temb", h.c(), out);
        compare(c, id, "mid.blocks.0.input.encoder_hidden_states", h.text().states(), out);
        blocks(c, id, dit, h, out);
    }

    private static void blocks(
            ReferenceCase c, String id, HunyuanDit dit, HunyuanDit.Hidden h, Findings out) {
        var skips = new ArrayDeque<Tensor>();
        Tensor x = h.x();
        for (int i = 0; i < dit.depth(); i++) {
            x = dit.block(i, x, h, dit.merges(i) ? skips.pop() : null);
            if (dit.merges(dit.depth() - 1 - i)) {
                skips.push(x);
            }
            compare(c, id, "mid.blocks." + i, x, out);
        }
    }

    /// On the base of the positions of the first call that says it, which belongs to the
    /// reference's pipeline and not to its configuration.
    static HunyuanDit.Config onBase(ReferenceCase c, HunyuanDit.Config config) {
        for (String id : c.calls()) {
            if (c.hasIn(id, "rope.base_size")) {
                return config.withPositionBase((int) Ops.item(c.in(id, "rope.base_size")));
            }
        }
        return config;
    }

    static HunyuanDit.Conditions conditions(ReferenceCase c, String id) {
        return new HunyuanDit.Conditions(
                c.in(id, "encoder_hidden_states"),
                c.in(id, "text_embedding_mask"),
                c.in(id, "encoder_hidden_states_t5"),
                c.in(id, "text_embedding_mask_t5"),
                c.hasIn(id, "style")
                        ? Optional.of(
                                new HunyuanDit.Meta(c.in(id, "image_meta_size"), c.in(id, "style")))
                        : Optional.empty());
    }

    private static void compare(
            ReferenceCase c, String id, String name, Tensor actual, Findings out) {
        if (c.has(c.named(id, name))) {
            out.compare(c.named(id, name), actual);
        }
    }
}
