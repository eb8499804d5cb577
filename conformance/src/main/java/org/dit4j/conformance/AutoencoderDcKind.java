package org.dit4j.conformance;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.autoencoder.AutoencoderDc;
import org.dit4j.autoencoder.Tiling;
import org.dit4j.tensor.Ops;

/// `AutoencoderDC` of diffusers: encode and decode, both tile by tile too: `vae/dc*`.
final class AutoencoderDcKind implements CaseKind {
    @Override
    public boolean accepts(ReferenceCase c) {
        return c.name().startsWith("vae/dc");
    }

    @Override
    public void run(ReferenceCase c, Findings out) {
        try (var dc = AutoencoderDc.load(c.modelFolder(), c.loading())) {
            Ops.noGrad(() -> {
                c.calls().forEach(id -> check(c, id, dc, out));
                return 0;
            });
        }
    }

    private static void check(ReferenceCase c, String id, AutoencoderDc dc, Findings out) {
        boolean tiled = id.startsWith("tiled");
        String latent = c.named(id, "out.latent");
        if (c.has(latent)) {
            Tensor x = c.in(id, "x");
            out.compare(latent, tiled ? dc.latents(x, tiling(c, latent, dc)) : dc.latents(x));
        }
        String decoded = c.named(id, "out.decoded");
        if (c.has(decoded)) {
            Tensor z = c.in(id, "z");
            out.compare(
                    decoded, tiled ? dc.reconstruct(z, tiling(c, decoded, dc)) : dc.reconstruct(z));
        }
    }

    private static Tiling tiling(ReferenceCase c, String tensor, AutoencoderDc dc) {
        var call = TilingCall.of(c, tensor);
        Tiling own = dc.tiling();
        return Tiling.of(
                axis(call, own.rows(), "height", 0, dc), axis(call, own.columns(), "width", 1, dc));
    }

    private static Tiling.Axis axis(
            TilingCall call, Tiling.Axis own, String side, int position, AutoencoderDc dc) {
        return Tiling.Axis.strided(
                call.integer("tile_sample_min_" + side, position, own.sampleSize()),
                call.integer("tile_sample_stride_" + side, position + 2, own.sampleStride()),
                dc.downsampling());
    }
}
