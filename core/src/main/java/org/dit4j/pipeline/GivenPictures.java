package org.dit4j.pipeline;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The pictures that a request brings along.
///
/// @param init what generation starts from, null for noise
/// @param controls what the ControlNets steer by, one for each
/// @param frames what a video begins and ends with, null for anything
public record GivenPictures(
        @Nullable InitImage init, List<ControlImage> controls, @Nullable KeyFrames frames) {
    /// No pictures.
    public static final GivenPictures NONE = new GivenPictures(null, List.of(), null);

    /// Copies the list.
    public GivenPictures {
        controls = List.copyOf(controls);
    }

    /// Returns the same with another start.
    public GivenPictures withInit(InitImage other) {
        return new GivenPictures(other, controls, frames);
    }

    /// Returns the same with one more picture to steer by.
    public GivenPictures withControl(ControlImage more) {
        var all = new ArrayList<>(controls);
        all.add(more);
        return new GivenPictures(init, all, frames);
    }

    /// Returns the same with other frames of a video.
    public GivenPictures withFrames(KeyFrames other) {
        return new GivenPictures(init, controls, other);
    }
}
