package org.dit4j.pipeline;

import org.jspecify.annotations.Nullable;

/// The pictures that a request brings along.
///
/// @param init what generation starts from, null for noise
/// @param control what a ControlNet steers by, null for none
public record GivenPictures(@Nullable InitImage init, @Nullable ControlImage control) {
    /// No pictures.
    public static final GivenPictures NONE = new GivenPictures(null, null);
}
