package org.dit4j.data;

import java.util.List;

/// Pictures that follow each other. Immutable.
///
/// @param frames of one size, at least one
/// @param rate frames a second, above 0
public record Video(List<Picture> frames, double rate) {
    /// Copies the list and checks the rules.
    ///
    /// @throws DataException if one of them does not hold
    public Video {
        frames = List.copyOf(frames);
        DataException.require(!frames.isEmpty(), "a video has at least one frame");
        DataException.require(
                rate > 0 && Double.isFinite(rate),
                "a video's frames a second must be above 0 but are %s",
                rate);
        Picture first = frames.getFirst();
        for (Picture frame : frames) {
            DataException.require(
                    frame.width() == first.width() && frame.height() == first.height(),
                    "the frames of a video have one size, but there are %d x %d and %d x %d",
                    first.width(),
                    first.height(),
                    frame.width(),
                    frame.height());
        }
    }

    /// Returns the number of columns of each frame.
    public int width() {
        return frames.getFirst().width();
    }

    /// Returns the number of rows of each frame.
    public int height() {
        return frames.getFirst().height();
    }

    /// Returns the same frames, shown at another rate.
    public Video atRate(double other) {
        return new Video(frames, other);
    }
}
