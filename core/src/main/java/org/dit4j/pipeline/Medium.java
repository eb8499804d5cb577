package org.dit4j.pipeline;

import java.util.Locale;

/// What a model makes.
public enum Medium {
    /// Pictures: [Pipelines#load].
    PICTURES,
    /// Videos: [Pipelines#loadVideo].
    VIDEOS,
    /// Sounds: [Pipelines#loadAudio].
    SOUNDS;

    /// Returns the word for what it makes, such as `videos`.
    public String plural() {
        return name().toLowerCase(Locale.ROOT);
    }
}
