package org.dit4j.pipeline;

import org.dit4j.nn.VideoPatch;

/// What differs between the families of text-to-video models. Latents are `[B, C, F, H, W]`.
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
    Size usual(int downsampling);

    /// Returns the frames a second for which the network was trained.
    double rate();

    /// Fails if the network cannot make videos of that many frames.
    ///
    /// @throws org.dit4j.ConfigException saying how many it can make
    default void requireFrames(int frames) {}
}
