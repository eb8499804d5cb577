package org.dit4j.conformance;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.model.LuminaDit;
import org.dit4j.model.LuminaDit.Condition;
import org.dit4j.model.LuminaDit.Extrapolation;
import org.dit4j.model.LuminaDit.Generation;
import org.dit4j.model.LuminaDitCheckpoint;
import org.dit4j.nn.Rotary;
import org.dit4j.nn.RotaryScaling;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Tensors;

/// Flag-DiT and Next-DiT of the original code, and Next-DiT of diffusers: the forward pass, also of
/// pictures of different sizes, the guided one, with positions scaled and proportional attention,
/// and what each stage hands on: `models/flag-dit`, `models/next-dit`, `models/lumina`.
final class LuminaDitKind implements CaseKind {
    @Override
    public boolean accepts(ReferenceCase c) {
        return c.name().matches("models/(flag-dit|next-dit|lumina)/.*");
    }

    @Override
    public void run(ReferenceCase c, Findings out) {
        for (String id : c.calls()) {
            try (LuminaDit dit = LuminaDitCheckpoint.open(c.modelFolder()).load(c.loading())) {
                Ops.noGrad(() -> {
                    check(new Run(c, id, ModelCall.of(c, id), dit), out);
                    return 0;
                });
            }
        }
    }

    /// One call.
    private record Run(ReferenceCase c, String id, ModelCall call, LuminaDit dit) {
        boolean diffusers() {
            return c.hasIn(id, "hidden_states");
        }

        Tensor x() {
            return c.in(id, diffusers() ? "hidden_states" : "x");
        }

        Tensor t() {
            return c.in(id, diffusers() ? "timestep" : "t");
        }

        Condition condition() {
            if (c.hasIn(id, "y")) {
                return new Condition.Labels(c.in(id, "y"));
            }
            return diffusers()
                    ? new Condition.Captions(
                            c.in(id, "encoder_hidden_states"), c.in(id, "encoder_mask"))
                    : new Condition.Captions(c.in(id, "cap_feats"), c.in(id, "cap_mask"));
        }

        Extrapolation extrapolation() {
            if (diffusers()) {
                var base =
                        call.json()
                                .path("args")
                                .path("cross_attention_kwargs")
                                .path("base_sequence_length");
                return new Extrapolation(
                        new RotaryScaling(factor("linear_factor"), factor("ntk_factor")),
                        base.isNumber() ? OptionalInt.of(base.asInt()) : OptionalInt.empty());
            }
            boolean proportional = call.flag("proportional_attn");
            return new Extrapolation(
                    call.isGuided() ? guidedScaling() : dit.config().scaling(),
                    proportional
                            ? OptionalInt.of((int) call.number("base_seqlen").orElseThrow())
                            : OptionalInt.empty());
        }

        /// What the table of positions of diffusers was made with.
        private double factor(String name) {
            return c.hasIn(id, "rope." + name) ? Ops.item(c.in(id, "rope." + name)) : 1;
        }

        /// Text-conditional Next-DiT scales by the time of its first example, and not at all unless
        /// the call says so; the others as their configuration says unless the call does.
        private RotaryScaling guidedScaling() {
            boolean timeAware = dit.config().generation() == Generation.NEXT && !c.hasIn(id, "y");
            if (timeAware) {
                return RotaryScaling.timeAware(
                        call.number("scale_factor").orElse(1),
                        call.number("scale_watershed").orElse(1),
                        Tensors.doubles(t())[0]);
            }
            RotaryScaling own = dit.config().scaling();
            return new RotaryScaling(
                    call.number("rope_scaling_factor").orElse(own.linear()),
                    call.number("ntk_factor").orElse(own.ntk()));
        }
    }

    private static void check(Run r, Findings out) {
        if (r.c.hasIn(r.id, "x.0")) {
            checkSizes(r, out);
            return;
        }
        String sample = r.c.named(r.id, "out.sample");
        Condition condition = r.condition();
        Extrapolation extrapolation = r.extrapolation();
        if (r.call.isGuided()) {
            out.compare(
                    sample,
                    r.call.guided(r.x(), x -> r.dit.forward(x, r.t(), condition, extrapolation)));
            return;
        }
        out.compare(sample, r.dit.forward(r.x(), r.t(), condition, extrapolation));
        stages(r, r.dit.embed(r.x(), r.t(), condition, extrapolation), out);
    }

    /// Pictures of different sizes.
    private static void checkSizes(Run r, Findings out) {
        List<Tensor> pictures = new ArrayList<>();
        while (r.c.hasIn(r.id, "x." + pictures.size())) {
            pictures.add(r.c.in(r.id, "x." + pictures.size()));
        }
        List<Tensor> answers = r.dit.forward(pictures, r.t(), r.condition(), r.extrapolation());
        for (int i = 0; i < answers.size(); i++) {
            out.compare(r.c.named(r.id, "out.sample." + i), answers.get(i));
        }
    }

    private static void stages(Run r, LuminaDit.Hidden h, Findings out) {
        compare(r, "mid.layers.0.input.0", h.x(), out);
        compare(r, "mid.layers.0.input.adaln_input", h.c(), out);
        compare(r, "mid.layers.0.input.temb", h.c(), out);
        Rotary positions = h.context().positions();
        for (int i = 1; i <= 4; i++) {
            if (isComplex(r, "mid.layers.0.input." + i)) {
                compare(r, "mid.layers.0.input." + i, complex(positions), out);
            }
        }
        Tensor x = h.x();
        for (int i = 0; i < r.dit.depth(); i++) {
            x = r.dit.block(i, x, h);
            compare(r, "mid.layers." + i, x, out);
        }
    }

    private static boolean isComplex(Run r, String name) {
        String full = r.c.named(r.id, name);
        return r.c.json().path("ref_dtypes").path(full).asString("").startsWith("complex");
    }

    /// Cosines and sines of each pair, as the reference stores complex numbers: `[N, K/2, 2]`.
    private static Tensor complex(Rotary r) {
        long n = r.cos().size(0);
        Tensor cos = r.cos().reshape(n, -1, 2).select(2, 0);
        Tensor sin = r.sin().reshape(n, -1, 2).select(2, 0);
        return Ops.stack(2, cos, sin);
    }

    private static void compare(Run r, String name, Tensor actual, Findings out) {
        String full = r.c.named(r.id, name);
        if (r.c.has(full)) {
            Tensor expected = r.c.tensor(full);
            boolean oneMore = expected.dim() == actual.dim() + 1;
            out.compare(full, expected, oneMore ? actual.unsqueeze(0) : actual);
        }
    }
}
