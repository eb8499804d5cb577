package org.dit4j.autoencoder;

import java.util.List;
import org.dit4j.ConfigException;

/// How something large is cut into overlapping tiles that fit into memory one by one, with the
/// numbers that `enable_tiling` of diffusers stands for.
///
/// @param axes rows and columns of pictures and videos; time of sounds
public record Tiling(List<Axis> axes) {
    /// How the tiles lie along one axis.
    ///
    /// @param sampleSize length of a tile in pixels, or in samples of a sound
    /// @param sampleStride from one tile of pixels to the next
    /// @param sampleBlend how many pixels of a decoded tile are blended into the one before
    /// @param latentSize length of a tile in latents
    /// @param latentStride from one tile of latents to the next
    /// @param latentBlend how many latents of an encoded tile are blended into the one before
    public record Axis(
            int sampleSize,
            int sampleStride,
            int sampleBlend,
            int latentSize,
            int latentStride,
            int latentBlend) {
        /// Checks the ranges.
        public Axis {
            ConfigException.require(
                    sampleSize > 0 && latentSize > 0,
                    "the sizes of a tile must be positive but are %d pixels and %d latents",
                    sampleSize,
                    latentSize);
            ConfigException.require(
                    sampleStride > 0 && latentStride > 0,
                    "tiles must lie apart but do so by %d pixels and %d latents",
                    sampleStride,
                    latentStride);
            ConfigException.require(
                    sampleBlend >= 0
                            && sampleBlend < sampleSize
                            && latentBlend >= 0
                            && latentBlend < latentSize,
                    "tiles of %d pixels and %d latents cannot be blended over %d and %d",
                    sampleSize,
                    latentSize,
                    sampleBlend,
                    latentBlend);
        }

        /// Returns tiles that cover a share of each other, as `tile_overlap_factor` says it.
        ///
        /// @param overlap share of a tile that its neighbour covers too, in [0, 1)
        public static Axis overlapping(int sampleSize, int latentSize, double overlap) {
            ConfigException.require(
                    sampleSize > 0 && latentSize > 0,
                    "the sizes of a tile must be positive but are %d pixels and %d latents",
                    sampleSize,
                    latentSize);
            ConfigException.require(
                    overlap >= 0 && overlap < 1,
                    "the overlap of tiles must be in [0, 1) but is %s",
                    overlap);
            int sampleStride = (int) (sampleSize * (1 - overlap));
            int latentStride = (int) (latentSize * (1 - overlap));
            ConfigException.require(
                    sampleStride > 0 && latentStride > 0,
                    "tiles of %d pixels and %d latents that overlap by %s leave nothing new",
                    sampleSize,
                    latentSize,
                    overlap);
            return new Axis(
                    sampleSize,
                    sampleStride,
                    (int) (sampleSize * overlap),
                    latentSize,
                    latentStride,
                    (int) (latentSize * overlap));
        }

        /// Returns tiles that lie `stride` pixels apart, as `tile_sample_stride_height` says it,
        /// and are blended wherever they overlap.
        ///
        /// @param downsampling pixels of a latent
        public static Axis strided(int size, int stride, int downsampling) {
            ConfigException.require(
                    stride <= size && size % downsampling == 0 && stride % downsampling == 0,
                    "tiles of %d pixels that lie %d apart must overlap and consist of whole latents"
                            + " of %d",
                    size,
                    stride,
                    downsampling);
            int latents = size / downsampling;
            int latentStride = stride / downsampling;
            return new Axis(
                    size, stride, size - stride, latents, latentStride, latents - latentStride);
        }

        /// Returns windows of which the inner part counts: at each side `overlap` is seen and
        /// dropped again.
        public static Axis trimmed(
                int sampleSize, int sampleOverlap, int latentSize, int latentOverlap) {
            return new Axis(
                    sampleSize,
                    sampleSize - 2 * sampleOverlap,
                    0,
                    latentSize,
                    latentSize - 2 * latentOverlap,
                    0);
        }
    }

    /// Copies the list.
    public Tiling {
        axes = List.copyOf(axes);
    }

    /// Returns tiles of one axis after the other.
    public static Tiling of(Axis... axes) {
        return new Tiling(List.of(axes));
    }

    /// Returns square tiles.
    ///
    /// @param sampleSize height and width in pixels (`tile_sample_min_size`)
    /// @param latentSize height and width in latents (`tile_latent_min_size`)
    /// @param overlap share of a tile that its neighbour covers too (`tile_overlap_factor`), in [0,
    ///   1)
    public static Tiling square(int sampleSize, int latentSize, double overlap) {
        Axis axis = Axis.overlapping(sampleSize, latentSize, overlap);
        return of(axis, axis);
    }

    /// Returns axis `i` of tiles that must have `count` axes.
    Axis axis(int i, int count) {
        ConfigException.require(
                axes.size() == count,
                "tiles must have %d axes here but have %d",
                count,
                axes.size());
        return axes.get(i);
    }

    /// Returns how tiles lie from top to bottom.
    public Axis rows() {
        return axis(0, 2);
    }

    /// Returns how tiles lie from left to right.
    public Axis columns() {
        return axis(1, 2);
    }
}
