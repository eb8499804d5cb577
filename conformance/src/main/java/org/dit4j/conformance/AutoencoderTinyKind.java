package org.dit4j.conformance;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.autoencoder.AutoencoderTiny;
import org.dit4j.autoencoder.Tiling;
import org.dit4j.tensor.Ops;

/// `AutoencoderTiny` of diffusers (TAESD): encode, decode, both tile by tile, and the latents in 8
/// bits: `vae/taesd*`.
final class AutoencoderTinyKind implements CaseKind {
    private static final Pattern OVERLAP = Pattern.compile("overlap(?:_factor)?\\W+([0-9.]+)");

    /// Of tiles whose case does not say otherwise.
    private static final double OWN_OVERLAP = 0.125;

    @Override
    public boolean accepts(ReferenceCase c) {
        return c.name().startsWith("vae/taesd");
    }

    @Override
    public void run(ReferenceCase c, Findings out) {
        try (var tiny = AutoencoderTiny.load(c.modelFolder(), c.loading())) {
            Ops.noGrad(() -> {
                for (String id : c.calls()) {
                    if (id.startsWith("tiled")) {
                        tiled(c, id, tiny, out);
                    } else {
                        plain(c, id, tiny, out);
                    }
                }
                return 0;
            });
        }
    }

    private static void plain(ReferenceCase c, String id, AutoencoderTiny tiny, Findings out) {
        Tensor x = c.in(id, "x");
        Tensor z = c.in(id, "z");
        out.compare(c.named(id, "out.latents"), tiny.latents(x));
        out.compare(c.named(id, "out.decoded"), tiny.reconstruct(z));
        Tensor scaled = tiny.scaleLatents(z);
        out.compare(c.named(id, "out.scaled"), scaled);
        out.compare(c.named(id, "out.unscaled"), tiny.unscaleLatents(scaled));
        out.compare(c.named(id, "out.forward"), tiny.roundTrip(x));
    }

    private static void tiled(ReferenceCase c, String id, AutoencoderTiny tiny, Findings out) {
        String decoded = c.named(id, "out.decoded");
        Tiling tiling = tiling(c, decoded, tiny.tiling());
        out.compare(decoded, tiny.reconstruct(c.in(id, "z"), tiling));
        String latents = c.named(id, "out.latents");
        if (c.has(latents)) {
            out.compare(latents, tiny.latents(c.in(id, "x"), tiling));
        }
    }

    /// The description of the tensor says how it was cut.
    private static Tiling tiling(ReferenceCase c, String tensor, Tiling own) {
        String text = c.json().path("tensors").path(tensor).asString("");
        var call = new Call(text);
        Matcher overlap = OVERLAP.matcher(text);
        return Tiling.square(
                Integer.parseInt(
                        call.argument("tile_sample_min_size", "" + own.rows().sampleSize())),
                Integer.parseInt(
                        call.argument("tile_latent_min_size", "" + own.rows().latentSize())),
                overlap.find() ? Double.parseDouble(overlap.group(1)) : OWN_OVERLAP);
    }
}
