package org.dit4j.app;

import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.dit4j.ConfigException;

/// How large latents are.
///
/// @param frames of a video or a sound; 0 for a picture
/// @param height 0 for a sound
/// @param width 0 for a sound
record LatentSize(int frames, int height, int width) {
    static LatentSize picture(int side) {
        return new LatentSize(0, side, side);
    }

    static LatentSize sound(int frames) {
        return new LatentSize(frames, 0, 0);
    }

    /// Returns a square of another side.
    LatentSize withSide(int side) {
        ConfigException.require(height > 0, "a sound has --frames but no --input-size");
        return new LatentSize(frames, side, side);
    }

    /// Returns the same with another number of frames.
    LatentSize withFrames(int number) {
        ConfigException.require(frames > 0, "a picture has an --input-size but no --frames");
        return new LatentSize(number, height, width);
    }

    @Override
    public String toString() {
        return IntStream.of(frames, height, width)
                .filter(n -> n > 0)
                .mapToObj(Integer::toString)
                .collect(Collectors.joining("x"));
    }
}
