package org.dit4j.pipeline;

import org.dit4j.ConfigException;
import org.dit4j.autoencoder.VideoAutoencoder;
import org.dit4j.nn.VideoPatch;
import org.dit4j.tensor.Rng;
import org.jspecify.annotations.Nullable;

/// What differs between the families of models of videos. Latents are `[B, C, F, H, W]`, or `[B, F,
/// C, H, W]` where [#framesFirst] says so.
public interface VideoNetwork extends TextConditioned {
    /// The size of a video.
    ///
    /// @param frames how many
    /// @param width in pixels
    /// @param height in pixels
    record Size(int frames, int width, int height) {}

    /// Returns the block of latents that becomes one token.
    VideoPatch patch();

    /// Returns the usual size.
    ///
    /// @param downsampling pixels of a latent along a side
    /// @param temporal frames of a latent, but for the first, which has one
    Size usual(int downsampling, int temporal);

    /// Returns the frames a second for which the network was trained.
    double rate();

    /// Returns whether the frames stand before the channels in latents, as in their noise.
    default boolean framesFirst() {
        return false;
    }

    /// Fails if the network cannot make videos of that many frames.
    ///
    /// @throws ConfigException saying how many it can make
    default void requireFrames(int frames) {}

    /// Fails if the network needs other given frames.
    ///
    /// @throws ConfigException saying which it needs
    default void requireKeyFrames(@Nullable KeyFrames given) {
        ConfigException.require(
                given == null, "this model makes videos of prompts alone: it takes no first frame");
    }

    /// Encodes the given frames of a request. The result belongs to the caller's innermost scope.
    ///
    /// @param request resolved, with [KeyFrames] that are what the network needs
    /// @param frames of the latents
    /// @param rng asked as often as the reference draws before it draws the noise
    default KnownFrames known(
            GenerationRequest request, VideoAutoencoder autoencoder, int frames, Rng rng) {
        return KnownFrames.NONE;
    }
}
