package org.dit4j.pipeline;

import org.dit4j.ConfigException;

/// How long videos and sounds are; 0 stands for what the model makes usually.
///
/// @param frames of a video, at most 10,000
/// @param start second of the whole piece at which a sound begins
/// @param end second at which it ends, after the start and at most 3600
public record Clip(int frames, double start, double end) {
    /// What the model makes usually.
    public static final Clip OPEN = new Clip(0, 0, 0);

    private static final int MOST_FRAMES = 10_000;
    private static final int MOST_SECONDS = 3600;

    /// Checks the ranges.
    public Clip {
        ConfigException.require(
                frames >= 0 && frames <= MOST_FRAMES,
                "a video's frames must be 1 to %d but are %d",
                MOST_FRAMES,
                frames);
        ConfigException.require(
                start >= 0 && start <= MOST_SECONDS && end >= 0 && end <= MOST_SECONDS,
                "a sound must lie within %d seconds, not at %s to %s",
                MOST_SECONDS,
                start,
                end);
        ConfigException.require(
                end == 0 || end > start,
                "a sound must end after it begins, not begin at %s seconds and end at %s",
                start,
                end);
    }

    /// Returns the same with another number of frames.
    public Clip withFrames(int n) {
        return new Clip(n, start, end);
    }

    /// Returns the same for another part of a piece, in seconds.
    public Clip during(double from, double to) {
        return new Clip(frames, from, to);
    }

    /// Returns whether a sound was asked for.
    boolean sounds() {
        return start > 0 || end > 0;
    }
}
