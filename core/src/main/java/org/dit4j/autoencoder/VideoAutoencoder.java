package org.dit4j.autoencoder;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.TensorScope;

/// Videos to the latents of a diffusion model, and back. A picture is a video of one frame.
///
/// Videos are `[B, 3, F, H, W]` in [-1, 1], latents `[B, C, f, h, w]`. They pass the network in
/// chunks of a few frames whose layers remember the last ones, so that long videos need the memory
/// of a chunk; with a [Tiling], which cuts height and width, that of a tile of a chunk.
public sealed interface VideoAutoencoder extends Autoencoder
        permits AutoencoderCogVideoX, AutoencoderWan {
    /// Returns the distribution of the latents of videos. Records gradients if the mode is on.
    ///
    /// @param x `[B, inputs, F, H, W]` in [-1, 1]
    /// @throws org.dit4j.tensor.ShapeException if a shape does not fit
    Posterior posterior(Tensor x);

    /// Returns the distribution of the latents of videos, computed tile by tile where they are
    /// larger than a tile.
    ///
    /// @param x `[B, inputs, F, H, W]` in [-1, 1]
    /// @throws org.dit4j.tensor.ShapeException if a shape does not fit
    Posterior posterior(Tensor x, Tiling tiling);

    /// Returns the videos that the network's own latents stand for. Records gradients if the mode
    /// is on.
    ///
    /// @param z `[B, C, f, h, w]`, neither shifted nor scaled
    /// @return `[B, outputs, F, H, W]`, about in [-1, 1]
    /// @throws org.dit4j.tensor.ShapeException if a shape does not fit
    Tensor reconstruct(Tensor z);

    /// Returns the videos that the network's own latents stand for, computed tile by tile where
    /// they are larger than a tile.
    ///
    /// @param z `[B, C, f, h, w]`, neither shifted nor scaled
    /// @throws org.dit4j.tensor.ShapeException if a shape does not fit
    Tensor reconstruct(Tensor z, Tiling tiling);

    /// Returns how its latents become those of the diffusion model.
    LatentScale scale();

    /// Returns how the latents of what a video is conditioned on become those of the diffusion
    /// model: the same, but for networks that were trained otherwise.
    default LatentScale encodingScale() {
        return scale();
    }

    /// Returns how many frames, after the first one, a latent stands for.
    int temporalDownsampling();

    /// Returns how many frames can be made where so many are asked for: one more than a multiple of
    /// [#temporalDownsampling] (diffusers, `pipeline_wan.py`).
    default int rounded(int frames) {
        int t = temporalDownsampling();
        return frames % t == 1 % t ? frames : frames / t * t + 1;
    }

    @Override
    default Tensor encode(Tensor x) {
        return Ops.noGrad(
                () -> TensorScope.compute(() -> encodingScale().apply(posterior(x).mode())));
    }

    @Override
    default Tensor encode(Tensor x, Rng rng) {
        return Ops.noGrad(
                () -> TensorScope.compute(() -> encodingScale().apply(posterior(x).sample(rng))));
    }

    @Override
    default Tensor encode(Tensor x, Tiling tiling) {
        return Ops.noGrad(() ->
                TensorScope.compute(() -> encodingScale().apply(posterior(x, tiling).mode())));
    }

    @Override
    default Tensor decode(Tensor z) {
        return Ops.noGrad(() -> TensorScope.compute(() -> reconstruct(scale().invert(z))));
    }

    @Override
    default Tensor decode(Tensor z, Tiling tiling) {
        return Ops.noGrad(() -> TensorScope.compute(() -> reconstruct(scale().invert(z), tiling)));
    }
}
