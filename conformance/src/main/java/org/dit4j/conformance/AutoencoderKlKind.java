package org.dit4j.conformance;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.autoencoder.AutoencoderKl;
import org.dit4j.autoencoder.Posterior;
import org.dit4j.autoencoder.Tiling;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.tensor.Device;
import org.dit4j.tensor.Ops;
import tools.jackson.databind.JsonNode;

/// `AutoencoderKL` of diffusers: encode, decode, both tile by tile, and the gradients of a training
/// loss: `vae/kl_*`.
final class AutoencoderKlKind implements CaseKind {
    private static final double KL_WEIGHT = 0.01;

    /// Of tiles whose case does not say otherwise.
    private static final double OVERLAP = 0.25;

    @Override
    public boolean accepts(ReferenceCase c) {
        return c.name().startsWith("vae/kl_");
    }

    @Override
    public void run(ReferenceCase c, Findings out) {
        try (var kl = AutoencoderKl.load(c.modelFolder(), c.loading())) {
            Ops.noGrad(() -> {
                for (String id : c.calls()) {
                    if (!id.startsWith("train")) {
                        encodeAndDecode(c, id, kl, out);
                    }
                }
                return 0;
            });
        }
        for (String id : c.calls()) {
            if (id.startsWith("train")) {
                train(c, id, out);
            }
        }
    }

    private static void encodeAndDecode(
            ReferenceCase c, String id, AutoencoderKl kl, Findings out) {
        boolean tiled = id.startsWith("tiled");
        Tiling tiling = tiled ? tiling(c, kl) : kl.tiling();
        if (c.has(c.named(id, "out.mean"))) {
            Tensor x = c.in(id, "x");
            Posterior q = tiled ? kl.posterior(x, tiling) : kl.posterior(x);
            out.compare(c.named(id, "out.mean"), q.mean());
            out.compare(c.named(id, "out.logvar"), q.logvar());
        }
        if (c.has(c.named(id, "out.decoded"))) {
            Tensor z = c.in(id, "z");
            Tensor x = tiled ? kl.reconstruct(z, tiling) : kl.reconstruct(z);
            out.compare(c.named(id, "out.decoded"), x);
        }
    }

    private static Tiling tiling(ReferenceCase c, AutoencoderKl kl) {
        JsonNode values = c.value("tiling");
        Tiling own = kl.tiling();
        return Tiling.square(
                values.path("tile_sample_min_size").asInt(own.rows().sampleSize()),
                values.path("tile_latent_min_size").asInt(own.rows().latentSize()),
                values.path("tile_overlap_factor").asDouble(OVERLAP));
    }

    private static void train(ReferenceCase c, String id, Findings out) {
        if (c.device().equals(Device.META)) { // where nothing is recorded for gradients
            out.leaveOut(id + ".out.");
            return;
        }
        try (var kl =
                AutoencoderKl.load(
                        c.modelFolder(), LoadOptions.training().withDevice(c.device()))) {
            Tensor x = c.in(id, "x");
            Posterior q = kl.posterior(x);
            Tensor z = q.sample(c.in(id, "eps"));
            Tensor error = kl.reconstruct(z).sub(x);
            Tensor mse = error.square().mean();
            Tensor divergence = q.kl();
            out.compare(id + ".out.z", z);
            out.compare(id + ".out.rec", error.add(x));
            out.compare(id + ".out.mse", mse);
            out.compare(id + ".out.l1", error.abs().mean());
            out.compare(id + ".out.kl", divergence);
            out.compare(id + ".out.nll", q.nll(z));
            Ops.addScaled(mse, divergence.mean(), KL_WEIGHT).backward();
            kl.parameters()
                    .trained()
                    .forEach((name, w) -> {
                        String gradient = id + ".out.grad." + name;
                        if (c.has(gradient)) {
                            out.compare(gradient, w.grad());
                        }
                    });
        }
    }
}
