package org.dit4j.conformance;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.model.Latte;
import org.dit4j.model.LatteCheckpoint;
import org.dit4j.tensor.Ops;

/// The class-conditional Latte of the original code: the forward pass, the guided one, and the
/// tokens after each block: cases of `models/latte` that are given classes.
final class LatteKind implements CaseKind {
    private static final int GUIDED = 4;

    @Override
    public boolean accepts(ReferenceCase c) {
        return c.name().startsWith("models/latte/") && c.hasIn("c0", "y");
    }

    @Override
    public void run(ReferenceCase c, Findings out) {
        try (Latte dit = LatteCheckpoint.open(c.modelFolder()).load(c.loading())) {
            Ops.noGrad(() -> {
                c.calls().forEach(id -> check(c, id, dit, out));
                return 0;
            });
        }
    }

    private static void check(ReferenceCase c, String id, Latte dit, Findings out) {
        Tensor x = c.in(id, "x");
        Tensor t = c.in(id, "t");
        Tensor y = c.in(id, "y");
        ModelCall call = ModelCall.of(c, id);
        String sample = c.named(id, "out.sample");
        if (call.isGuided()) {
            out.compare(sample, guided(dit, x, t, y, call.number("cfg_scale").orElseThrow()));
        } else {
            out.compare(sample, dit.forward(x, t, y));
            blocks(c, id, dit, dit.embed(x, t, y), out);
        }
    }

    /// `forward_with_cfg`: both halves of the batch receive the first four channels guided and keep
    /// the others of their own half.
    private static Tensor guided(Latte dit, Tensor x, Tensor t, Tensor y, double scale) {
        long b = x.size(0) / 2;
        Tensor half = x.narrow(0, 0, b);
        Tensor answer = dit.forward(Ops.cat(0, half, half), t, y); // [2 B, F, outputs, H, W]
        Tensor noise = answer.narrow(2, 0, GUIDED);
        Tensor without = noise.narrow(0, b, b);
        Tensor with = Ops.addScaled(without, noise.narrow(0, 0, b).sub(without), scale);
        Tensor rest = answer.narrow(2, GUIDED, answer.size(2) - GUIDED);
        return Ops.cat(2, Ops.cat(0, with, with), rest);
    }

    private static void blocks(
            ReferenceCase c, String id, Latte dit, Latte.Hidden h, Findings out) {
        compare(c, c.named(id, "mid.blocks.0.input.0"), h.x(), out);
        Tensor x = h.x();
        for (int i = 0; i < dit.depth(); i++) {
            x = dit.block(i, x, h.c());
            compare(c, c.named(id, "mid.blocks." + i), x, out);
        }
    }

    /// The reference has what a block over time gives place by place, `[B N, F, D]`.
    private static void compare(ReferenceCase c, String name, Tensor actual, Findings out) {
        if (!c.has(name)) {
            return;
        }
        Tensor expected = c.tensor(name);
        long n = actual.size(1);
        if (expected.size(1) != n) {
            expected =
                    expected.reshape(-1, n, expected.size(1), expected.size(2))
                            .transpose(1, 2)
                            .flatten(0, 1);
        }
        out.compare(name, expected, actual);
    }
}
