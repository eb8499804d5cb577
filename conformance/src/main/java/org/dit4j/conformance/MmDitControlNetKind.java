package org.dit4j.conformance;

import java.util.List;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.model.MmDit;
import org.dit4j.model.MmDitCheckpoint;
import org.dit4j.model.MmDitControlNet;
import org.dit4j.model.MmDitControlNetCheckpoint;
import org.dit4j.tensor.Ops;

/// A ControlNet of MM-DiT (Stable Diffusion 3) of diffusers, and the network that it steers:
/// `models/controlnet/sd3`.
final class MmDitControlNetKind implements CaseKind {
    @Override
    public boolean accepts(ReferenceCase c) {
        return ModelCall.isOf(c, "SD3ControlNetModel");
    }

    @Override
    public void run(ReferenceCase c, Findings out) {
        for (String id : c.calls()) {
            String part = ModelCall.of(c, id).load().path("part").asString("");
            Ops.noGrad(() -> {
                if (part.isEmpty()) {
                    residuals(c, id, out);
                } else {
                    steered(c, id, part, out);
                }
                return 0;
            });
        }
    }

    private static void residuals(ReferenceCase c, String id, Findings out) {
        try (MmDitControlNet net =
                MmDitControlNetCheckpoint.open(c.modelFolder()).load(c.loading())) {
            List<Tensor> residuals =
                    net.forward(
                            c.in(id, "hidden_states"),
                            c.in(id, "controlnet_cond"),
                            c.in(id, "timestep"),
                            c.in(id, "encoder_hidden_states"),
                            c.in(id, "pooled_projections"),
                            ModelCall.of(c, id).number("conditioning_scale").orElse(1));
            for (int i = 0; i < residuals.size(); i++) {
                out.compare(c.named(id, "out.controlnet_block_samples." + i), residuals.get(i));
            }
        }
    }

    private static void steered(ReferenceCase c, String id, String part, Findings out) {
        try (MmDit dit = MmDitCheckpoint.open(c.modelFolder().resolve(part)).load(c.loading())) {
            List<Tensor> residuals = ModelCall.list(c, id, "block_controlnet_hidden_states");
            out.compare(
                    c.named(id, "out.sample"),
                    dit.forward(
                            c.in(id, "hidden_states"),
                            c.in(id, "timestep"),
                            c.in(id, "encoder_hidden_states"),
                            c.in(id, "pooled_projections"),
                            new MmDit.Changes(Set.of(), residuals)));
        }
    }
}
