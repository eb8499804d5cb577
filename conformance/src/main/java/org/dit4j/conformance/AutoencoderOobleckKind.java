package org.dit4j.conformance;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.autoencoder.AudioPosterior;
import org.dit4j.autoencoder.AutoencoderOobleck;
import org.dit4j.autoencoder.Tiling;
import org.dit4j.tensor.Ops;

/// `AutoencoderOobleck` of diffusers: encode and decode, both window by window too: `vae/oobleck*`.
final class AutoencoderOobleckKind implements CaseKind {
    private static final Tolerance SOUND =
            Tolerance.of(
                    5e-5,
                    "sines amplify rounding: the reference is 1.1e-5 from itself without oneDNN");

    @Override
    public boolean accepts(ReferenceCase c) {
        return c.name().startsWith("vae/oobleck");
    }

    @Override
    public void run(ReferenceCase c, Findings out) {
        try (var vae = AutoencoderOobleck.load(c.modelFolder(), c.loading())) {
            Ops.noGrad(() -> {
                c.calls().forEach(id -> check(c, id, vae, out));
                return 0;
            });
        }
    }

    private static void check(ReferenceCase c, String id, AutoencoderOobleck vae, Findings out) {
        boolean tiled = id.startsWith("tiled");
        String mean = c.named(id, "out.mean");
        if (c.has(mean)) {
            Tensor x = c.in(id, "x");
            AudioPosterior q = tiled ? vae.posterior(x, tiling(c, mean)) : vae.posterior(x);
            out.compare(mean, q.mean(), SOUND);
            out.compare(c.named(id, "out.std"), q.std(), SOUND);
            out.compare(c.named(id, "out.kl"), q.kl());
        }
        String decoded = c.named(id, "out.decoded");
        if (c.has(decoded)) {
            Tensor z = c.in(id, "z");
            out.compare(
                    decoded,
                    tiled ? vae.reconstruct(z, tiling(c, decoded)) : vae.reconstruct(z),
                    SOUND);
        }
    }

    /// The original takes no arguments here but has fields; a case names those that it sets.
    private static Tiling tiling(ReferenceCase c, String tensor) {
        String text = c.json().path("tensors").path(tensor).asString("");
        var call = new Call(text);
        int rate = 44_100;
        return Tiling.of(
                Tiling.Axis.trimmed(
                        number(c, call, "tile_sample_min_length", 30 * rate),
                        number(c, call, "tile_sample_overlap", 2 * rate),
                        number(c, call, "tile_latent_min_length", 512),
                        number(c, call, "tile_latent_overlap", 64)));
    }

    private static int number(ReferenceCase c, Call call, String name, int missing) {
        int written = Integer.parseInt(call.argument(name, "" + missing));
        return c.value("tiling").path(name).asInt(written);
    }
}
