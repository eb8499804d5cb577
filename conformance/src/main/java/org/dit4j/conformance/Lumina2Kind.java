package org.dit4j.conformance;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.model.Lumina2;
import org.dit4j.model.Lumina2Checkpoint;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;

/// Lumina 2 of diffusers: the forward pass, and the tokens before and after each block of the joint
/// sequence: `models/lumina2`.
final class Lumina2Kind implements CaseKind {
    @Override
    public boolean accepts(ReferenceCase c) {
        return c.name().startsWith("models/lumina2/");
    }

    @Override
    public void run(ReferenceCase c, Findings out) {
        try (Lumina2 dit = Lumina2Checkpoint.open(c.modelFolder()).load(c.loading())) {
            Ops.noGrad(() -> {
                c.calls().forEach(id -> check(c, id, dit, out));
                return 0;
            });
        }
    }

    private static void check(ReferenceCase c, String id, Lumina2 dit, Findings out) {
        Tensor x = c.in(id, "hidden_states");
        Tensor t = c.in(id, "timestep");
        Tensor text = c.in(id, "encoder_hidden_states");
        Tensor mask = c.in(id, "encoder_attention_mask");
        out.compare(c.named(id, "out.sample"), dit.forward(x, t, text, mask));
        Lumina2.Hidden h = dit.embed(x, t, text, mask);
        compare(c, id, "mid.layers.0.input.0", h.x(), mask, out);
        Tensor tokens = h.x();
        for (int i = 0; i < dit.depth(); i++) {
            tokens = dit.block(i, tokens, h);
            compare(c, id, "mid.layers." + i, tokens, mask, out);
        }
    }

    /// Compares the real tokens of each example, which the reference puts together, then padding.
    private static void compare(
            ReferenceCase c, String id, String name, Tensor actual, Tensor mask, Findings out) {
        String full = c.named(id, name);
        if (!c.has(full)) {
            return;
        }
        Tensor expected = c.tensor(full);
        long length = mask.size(1);
        long picture = actual.size(1) - length;
        for (int i = 0; i < mask.size(0); i++) {
            Tensor own = actual.select(0, i);
            long real = (long) Ops.item(Ops.to(mask.select(0, i), Dtype.INT64).sum());
            Tensor together = Ops.cat(0, own.narrow(0, 0, real), own.narrow(0, length, picture));
            out.compare(
                    full + "[" + i + "]",
                    expected.select(0, i).narrow(0, 0, real + picture),
                    together);
        }
    }
}
