package org.dit4j.autoencoder;

import java.nio.file.Path;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.nn.Parameters;
import org.dit4j.tensor.Rng;

/// Pictures to the latents of a diffusion model, and back.
///
/// Thread-safe: parameters are only read. Nothing here is recorded for gradients; training goes
/// through the networks themselves, such as [AutoencoderKl#posterior].
public sealed interface Autoencoder extends AutoCloseable permits AutoencoderKl, AutoencoderTiny {
    /// Reads the autoencoder of a folder that diffusers or this library wrote; its `config.json`
    /// says which kind it is.
    ///
    /// @throws ConfigException if it is none of the kinds that there are
    /// @throws org.dit4j.checkpoint.CheckpointException if the checkpoint does not fit
    static Autoencoder load(Path folder, LoadOptions options) {
        Path file = folder.resolve("config.json");
        String kind = JsonFile.tree(file).path("_class_name").asString("");
        return switch (kind) {
            case "AutoencoderKL" -> AutoencoderKl.load(folder, options);
            case "AutoencoderTiny" -> AutoencoderTiny.load(folder, options);
            default ->
                    throw new ConfigException(
                            "%s: _class_name must be AutoencoderKL or AutoencoderTiny but is \"%s\""
                                    .formatted(file, kind));
        };
    }

    /// Encodes pictures, without chance: where the network gives a distribution, its mean.
    ///
    /// @param x `[B, 3, H, W]` in [-1, 1]
    /// @return latents `[B, C, h, w]` as the diffusion model wants them: shifted and scaled
    Tensor encode(Tensor x);

    /// Encodes pictures; where the network gives a distribution, draws from it.
    ///
    /// @param x `[B, 3, H, W]` in [-1, 1]
    /// @return latents `[B, C, h, w]` as the diffusion model wants them: shifted and scaled
    Tensor encode(Tensor x, Rng rng);

    /// Encodes large pictures tile by tile, without chance. The memory needed is that of a tile;
    /// the result differs a little from that of [#encode(Tensor)].
    ///
    /// @param x `[B, 3, H, W]` in [-1, 1]
    Tensor encode(Tensor x, Tiling tiling);

    /// Decodes latents.
    ///
    /// @param z `[B, C, h, w]` as the diffusion model gives them: shifted and scaled
    /// @return pictures `[B, 3, H, W]`, about in [-1, 1], not clamped
    Tensor decode(Tensor z);

    /// Decodes large latents tile by tile. The memory needed is that of a tile; the result differs
    /// a little from that of [#decode(Tensor)].
    ///
    /// @param z `[B, C, h, w]` as the diffusion model gives them: shifted and scaled
    Tensor decode(Tensor z, Tiling tiling);

    /// Returns the tiles that the network was made for.
    Tiling tiling();

    /// Returns the number of channels C of the latents.
    int latentChannels();

    /// Returns how many pixels, along a side, one latent stands for.
    int downsampling();

    /// Returns all parameters, which live as long as the network.
    Parameters parameters();

    @Override
    default void close() {
        parameters().close();
    }
}
