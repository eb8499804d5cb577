package org.dit4j.conformance;

import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.model.HunyuanDit;
import org.dit4j.model.HunyuanDitCheckpoint;
import org.dit4j.model.HunyuanDitControlNet;
import org.dit4j.model.HunyuanDitControlNetCheckpoint;
import org.dit4j.tensor.Ops;

/// A ControlNet of Hunyuan-DiT of diffusers, and the network that it steers:
/// `models/controlnet/hunyuan-dit`.
final class HunyuanDitControlNetKind implements CaseKind {
    @Override
    public boolean accepts(ReferenceCase c) {
        return ModelCall.isOf(c, "HunyuanDiT2DControlNetModel");
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
        var checkpoint = HunyuanDitControlNetCheckpoint.open(c.modelFolder());
        HunyuanDit.Config config = HunyuanDitKind.onBase(c, checkpoint.config());
        try (HunyuanDitControlNet net = checkpoint.with(config).load(c.loading())) {
            List<Tensor> residuals =
                    net.forward(
                            c.in(id, "hidden_states"),
                            c.in(id, "controlnet_cond"),
                            c.in(id, "timestep"),
                            HunyuanDitKind.conditions(c, id),
                            ModelCall.of(c, id).number("conditioning_scale").orElse(1));
            for (int i = 0; i < residuals.size(); i++) {
                out.compare(c.named(id, "out.controlnet_block_samples." + i), residuals.get(i));
            }
        }
    }

    private static void steered(ReferenceCase c, String id, String part, Findings out) {
        var checkpoint = HunyuanDitCheckpoint.open(c.modelFolder().resolve(part));
        HunyuanDit.Config config = HunyuanDitKind.onBase(c, checkpoint.config());
        try (HunyuanDit dit = checkpoint.with(config).load(c.loading())) {
            out.compare(
                    c.named(id, "out.sample"),
                    dit.forward(
                            c.in(id, "hidden_states"),
                            c.in(id, "timestep"),
                            HunyuanDitKind.conditions(c, id),
                            ModelCall.list(c, id, "controlnet_block_samples")));
        }
    }
}
