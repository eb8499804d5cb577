package org.dit4j.model;

import java.util.List;
import org.dit4j.ConfigException;

/// The published size of [StableAudio] (stabilityai/stable-audio-open-1.0, arXiv:2407.14358): 64
/// latent channels at 21.5 frames a second, with the states of T5-base.
public final class StableAudioPresets {
    private static final String OPEN = "Stable-Audio-Open-1.0";

    private StableAudioPresets() {}

    /// Returns the names.
    public static List<String> names() {
        return List.of(OPEN);
    }

    /// Returns a published configuration.
    ///
    /// @param name `Stable-Audio-Open-1.0`
    /// @throws ConfigException if there is no such preset
    public static StableAudio.Config of(String name) {
        ConfigException.require(
                name.equals(OPEN), "no preset %s; there are %s", name, String.join(", ", names()));
        return new StableAudio.Config(1024, 64, 64, 64, 24, 12, 24, 768, 768, 1536, 256);
    }

    /// Returns the conditions that belong to it: starts and ends of up to 512 seconds.
    public static StableAudioConditions.Config conditions() {
        return new StableAudioConditions.Config(768, 768, 0, 512);
    }
}
