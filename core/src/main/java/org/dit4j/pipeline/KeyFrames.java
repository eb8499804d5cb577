package org.dit4j.pipeline;

import org.dit4j.data.Picture;
import org.jspecify.annotations.Nullable;

/// Frames that a video is to have. Immutable.
///
/// @param first where it begins; brought to the size of the request
/// @param last where it ends, null for anywhere; brought to the size of the request
public record KeyFrames(Picture first, @Nullable Picture last) {}
