package org.dit4j.conformance;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.autoencoder.Autoencoder;
import org.dit4j.autoencoder.AutoencoderCogVideoX;
import org.dit4j.autoencoder.AutoencoderWan;
import org.dit4j.autoencoder.Posterior;
import org.dit4j.autoencoder.Tiling;
import org.dit4j.autoencoder.VideoAutoencoder;
import org.dit4j.tensor.Ops;

/// `AutoencoderKLWan` and `AutoencoderKLCogVideoX` of diffusers: encode and decode, both tile by
/// tile too: `vae/wan*`, `vae/cogvideox*`.
final class VideoAutoencoderKind implements CaseKind {
    @Override
    public boolean accepts(ReferenceCase c) {
        return c.name().startsWith("vae/wan") || c.name().startsWith("vae/cogvideox");
    }

    @Override
    public void run(ReferenceCase c, Findings out) {
        try (var vae = (VideoAutoencoder) Autoencoder.load(c.modelFolder(), c.loading())) {
            Ops.noGrad(() -> {
                c.calls().forEach(id -> check(c, id, vae, out));
                return 0;
            });
        }
    }

    private static void check(ReferenceCase c, String id, VideoAutoencoder vae, Findings out) {
        boolean tiled = id.startsWith("tiled");
        String mean = c.named(id, "out.mean");
        if (c.has(mean)) {
            Tensor x = c.in(id, "x");
            Posterior q = tiled ? vae.posterior(x, tiling(c, mean, vae)) : vae.posterior(x);
            out.compare(mean, q.mean());
            out.compare(c.named(id, "out.logvar"), q.logvar());
        }
        String decoded = c.named(id, "out.decoded");
        if (c.has(decoded)) {
            Tensor z = c.in(id, "z");
            out.compare(
                    decoded,
                    tiled ? vae.reconstruct(z, tiling(c, decoded, vae)) : vae.reconstruct(z));
        }
    }

    private static Tiling tiling(ReferenceCase c, String tensor, VideoAutoencoder vae) {
        var call = TilingCall.of(c, tensor);
        Tiling own = vae.tiling();
        int height = call.integer("tile_sample_min_height", 0, own.rows().sampleSize());
        int width = call.integer("tile_sample_min_width", 1, own.columns().sampleSize());
        return switch (vae) {
            case AutoencoderWan wan -> {
                int f = wan.downsampling();
                int down = call.integer("tile_sample_stride_height", 2, own.rows().sampleStride());
                int across =
                        call.integer("tile_sample_stride_width", 3, own.columns().sampleStride());
                yield Tiling.of(
                        Tiling.Axis.strided(height, down, f),
                        Tiling.Axis.strided(width, across, f));
            }
            case AutoencoderCogVideoX cog ->
                    cog.tiling(
                            height,
                            width,
                            call.number("tile_overlap_factor_height", 2, 1.0 / 6),
                            call.number("tile_overlap_factor_width", 3, 1.0 / 5));
        };
    }
}
