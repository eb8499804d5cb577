package org.dit4j.conformance;

import java.nio.file.Path;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.model.Dit;
import org.dit4j.model.DitCheckpoint;
import org.dit4j.model.Network;
import org.dit4j.tensor.Ops;
import tools.jackson.databind.JsonNode;

/// DiT and SiT of the original code and DiT of diffusers: the forward pass, the guided one, and the
/// tokens after each block: `models/dit`, `models/dit-diffusers`, `models/sit`.
final class DitKind implements CaseKind {
    @Override
    public boolean accepts(ReferenceCase c) {
        return c.name().matches("models/(dit|dit-diffusers|sit)/.*");
    }

    @Override
    public void run(ReferenceCase c, Findings out) {
        for (String id : c.calls()) {
            ModelCall call = ModelCall.of(c, id);
            try (Dit dit = network(c, call.load())) {
                Ops.noGrad(() -> {
                    Inputs in = Inputs.of(c, id);
                    if (call.isGuided()) {
                        out.compare(
                                c.named(id, "out.sample"),
                                call.guided(in.x, x -> dit.forward(x, in.t, in.y)));
                    } else {
                        out.compare(c.named(id, "out.sample"), dit.forward(in.x, in.t, in.y));
                        blocks(c, id, dit, in, out);
                    }
                    return 0;
                });
            }
        }
    }

    private record Inputs(Tensor x, Tensor t, Tensor y) {
        static Inputs of(ReferenceCase c, String id) {
            return c.hasIn(id, "x")
                    ? new Inputs(c.in(id, "x"), c.in(id, "t"), c.in(id, "y"))
                    : new Inputs(
                            c.in(id, "hidden_states"),
                            c.in(id, "timestep"),
                            c.in(id, "class_labels"));
        }
    }

    private static Dit network(ReferenceCase c, JsonNode load) {
        Path folder = c.modelFolder();
        Path weights = folder.resolve(load.path("weights").asString(""));
        String entry = load.path("entry").asString("");
        DitCheckpoint checkpoint = DitCheckpoint.open(weights, entry.isEmpty() ? null : entry);
        if (c.name().startsWith("models/sit/")) {
            checkpoint = checkpoint.with(checkpoint.config().with(Dit.Variant.SIT));
        }
        return checkpoint.load(c.loading());
    }

    private static void blocks(ReferenceCase c, String id, Dit dit, Inputs in, Findings out) {
        Network.Hidden hidden = dit.embed(in.x, in.t, in.y);
        String blocks = name(c, id, "mid.blocks.0", "mid.transformer_blocks.0");
        String list = blocks.substring(0, blocks.length() - 1);
        compare(c, list + "0.input.0", hidden.x(), out);
        Tensor x = hidden.x();
        for (int i = 0; i < dit.depth(); i++) {
            x = dit.block(i, x, hidden.c());
            compare(c, list + i, x, out);
        }
    }

    private static String name(ReferenceCase c, String id, String original, String diffusers) {
        return c.has(c.named(id, diffusers)) ? c.named(id, diffusers) : c.named(id, original);
    }

    private static void compare(ReferenceCase c, String tensor, Tensor actual, Findings out) {
        if (c.has(tensor)) {
            out.compare(tensor, actual);
        }
    }
}
