package org.dit4j.autoencoder;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.nn.Parameters;
import org.dit4j.tensor.Rng;

/// Pictures to the latents of a diffusion model, and back.
///
/// Thread-safe: parameters are only read. Nothing here is recorded for gradients; training goes
/// through the networks themselves, such as [AutoencoderKl#posterior].
public sealed interface Autoencoder extends AutoCloseable permits AutoencoderKl {
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

    /// Decodes latents.
    ///
    /// @param z `[B, C, h, w]` as the diffusion model gives them: shifted and scaled
    /// @return pictures `[B, 3, H, W]`, about in [-1, 1], not clamped
    Tensor decode(Tensor z);

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
