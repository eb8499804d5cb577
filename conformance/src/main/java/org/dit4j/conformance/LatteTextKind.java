package org.dit4j.conformance;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.model.LatteText;
import org.dit4j.model.LatteTextCheckpoint;
import org.dit4j.tensor.Ops;
import org.jspecify.annotations.Nullable;

/// The text-conditional Latte of diffusers: the forward pass, also without attention over time, and
/// the tokens after each block: cases of `models/latte` that are given texts.
final class LatteTextKind implements CaseKind {
    private static final String MASK = "encoder_attention_mask";

    @Override
    public boolean accepts(ReferenceCase c) {
        return c.name().startsWith("models/latte/") && c.hasIn("c0", "encoder_hidden_states");
    }

    @Override
    public void run(ReferenceCase c, Findings out) {
        try (LatteText dit = LatteTextCheckpoint.open(c.modelFolder()).load(c.loading())) {
            Ops.noGrad(() -> {
                c.calls().forEach(id -> check(c, id, dit, out));
                return 0;
            });
        }
    }

    private static void check(ReferenceCase c, String id, LatteText dit, Findings out) {
        Tensor x = c.in(id, "hidden_states");
        Tensor t = c.in(id, "timestep");
        Tensor text = c.in(id, "encoder_hidden_states");
        @Nullable Tensor mask = c.hasIn(id, MASK) ? c.in(id, MASK) : null;
        ModelCall call = ModelCall.of(c, id);
        boolean overTime =
                !call.json().path("args").has("enable_temporal_attentions")
                        || call.flag("enable_temporal_attentions");
        out.compare(c.named(id, "out.sample"), dit.forward(x, t, text, mask, overTime));
        if (overTime) {
            blocks(c, id, dit, dit.embed(x, t, text, mask), out);
        }
    }

    private static void blocks(
            ReferenceCase c, String id, LatteText dit, LatteText.Hidden h, Findings out) {
        compare(c, c.named(id, "mid.pos_embed"), h.x(), out);
        compare(c, c.named(id, "mid.adaln_single.1"), h.c(), out);
        Tensor x = h.x();
        Tensor text = h.text().states(); // [B, L, D], in the reference for each frame
        long frames = x.size(0) / text.size(0);
        compare(
                c,
                c.named(id, "mid.transformer_blocks.0.input.2"),
                text.unsqueeze(1).expand(-1, frames, -1, -1).flatten(0, 1),
                out);
        for (int i = 0; i < dit.depth(); i++) {
            x = dit.withinFrames(i, x, h);
            compare(c, c.named(id, "mid.transformer_blocks." + i), x, out);
            x = dit.overTime(i, x, h);
            compare(c, c.named(id, "mid.temporal_transformer_blocks." + i), x, out);
        }
    }

    /// The reference has what a block over time gives place by place, `[B N, F, D]`.
    private static void compare(ReferenceCase c, String name, Tensor actual, Findings out) {
        if (!c.has(name)) {
            return;
        }
        Tensor expected = c.tensor(name);
        if (name.contains("temporal")) {
            expected =
                    expected.reshape(-1, actual.size(1), expected.size(1), expected.size(2))
                            .transpose(1, 2)
                            .flatten(0, 1);
        }
        out.compare(name, expected, actual);
    }
}
