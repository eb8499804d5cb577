package org.dit4j.autoencoder;

import java.nio.file.Path;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.nn.Parameters;
import org.dit4j.tensor.Device;
import org.dit4j.tensor.Rng;

/// Pictures, videos or sounds to the latents of a diffusion model, and back.
///
/// What it reads and makes is `[B, channels, ...]` in [-1, 1]: pictures `[B, 3, H, W]`, videos `[B,
/// 3, F, H, W]`, sounds `[B, 2, N]`. Latents are `[B, C, ...]` with the same axes, each shorter.
///
/// Thread-safe: parameters are only read. Nothing here is recorded for gradients; training goes
/// through the networks themselves, such as [AutoencoderKl#posterior].
public sealed interface Autoencoder extends AutoCloseable
        permits AutoencoderDc,
                AutoencoderKl,
                AutoencoderOobleck,
                AutoencoderTiny,
                VideoAutoencoder {
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
            case "AutoencoderDC" -> AutoencoderDc.load(folder, options);
            case "AutoencoderKLWan" -> AutoencoderWan.load(folder, options);
            case "AutoencoderKLCogVideoX" -> AutoencoderCogVideoX.load(folder, options);
            case "AutoencoderOobleck" -> AutoencoderOobleck.load(folder, options);
            default ->
                    throw new ConfigException(
                            "%s: _class_name must be AutoencoderKL, AutoencoderTiny, AutoencoderDC, AutoencoderKLWan, AutoencoderKLCogVideoX or AutoencoderOobleck but is \"%s\""
                                    .formatted(file, kind));
        };
    }

    /// Encodes without chance: where the network gives a distribution, its mean.
    ///
    /// @param x `[B, channels, ...]` in [-1, 1]
    /// @return latents `[B, C, ...]` as the diffusion model wants them: shifted and scaled
    Tensor encode(Tensor x);

    /// Encodes; where the network gives a distribution, draws from it.
    ///
    /// @param x `[B, channels, ...]` in [-1, 1]
    /// @return latents `[B, C, ...]` as the diffusion model wants them: shifted and scaled
    Tensor encode(Tensor x, Rng rng);

    /// Encodes something large tile by tile, without chance. The memory needed is that of a tile;
    /// the result differs a little from that of [#encode(Tensor)].
    ///
    /// @param x `[B, channels, ...]` in [-1, 1]
    Tensor encode(Tensor x, Tiling tiling);

    /// Decodes latents.
    ///
    /// @param z `[B, C, ...]` as the diffusion model gives them: shifted and scaled
    /// @return `[B, channels, ...]`, about in [-1, 1]
    Tensor decode(Tensor z);

    /// Decodes many latents tile by tile. The memory needed is that of a tile; the result differs a
    /// little from that of [#decode(Tensor)].
    ///
    /// @param z `[B, C, ...]` as the diffusion model gives them: shifted and scaled
    Tensor decode(Tensor z, Tiling tiling);

    /// Returns the tiles that the network was made for.
    Tiling tiling();

    /// Returns the number of channels C of the latents.
    int latentChannels();

    /// Returns how many pixels along a side, or samples of a sound, one latent stands for.
    int downsampling();

    /// Returns all parameters, which live as long as the network.
    Parameters parameters();

    /// Returns where it computes, and where what it encodes and decodes must be.
    default Device device() {
        return parameters().device();
    }

    @Override
    default void close() {
        parameters().close();
    }
}
