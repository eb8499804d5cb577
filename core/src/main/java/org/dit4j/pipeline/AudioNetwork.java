package org.dit4j.pipeline;

/// What a text-to-audio pipeline needs of its network. Latents are `[B, C, N]`.
public interface AudioNetwork extends TextConditioned {
    /// Returns the number N of latents, whatever the length of a sound.
    int length();

    /// Returns the last second at which a sound may end.
    double lastSecond();
}
