package org.dit4j.autoencoder;

import org.dit4j.ConfigException;

/// How a large picture is cut into overlapping tiles that fit into memory one by one, with the
/// meaning that the fields have in diffusers' `enable_tiling`.
///
/// @param sampleSize height and width of a tile in pixels (`tile_sample_min_size`)
/// @param latentSize height and width of a tile in latents (`tile_latent_min_size`)
/// @param overlap part of a tile that its neighbour covers too (`tile_overlap_factor`), in [0, 1)
public record Tiling(int sampleSize, int latentSize, double overlap) {
    /// Checks the ranges.
    public Tiling {
        ConfigException.require(
                sampleSize > 0 && latentSize > 0,
                "the sizes of a tile must be positive but are %d pixels and %d latents",
                sampleSize,
                latentSize);
        ConfigException.require(
                overlap >= 0 && overlap < 1,
                "the overlap of tiles must be in [0, 1) but is %s",
                overlap);
        ConfigException.require(
                stride(sampleSize, overlap) > 0 && stride(latentSize, overlap) > 0,
                "tiles of %d pixels and %d latents that overlap by %s leave nothing new",
                sampleSize,
                latentSize,
                overlap);
    }

    /// Returns how far tiles of `size` lie apart: `int(size * (1 - overlap))`.
    static int stride(int size, double overlap) {
        return (int) (size * (1 - overlap));
    }

    /// Returns how much of a tile of `size` is blended: `int(size * overlap)`.
    static int blend(int size, double overlap) {
        return (int) (size * overlap);
    }
}
