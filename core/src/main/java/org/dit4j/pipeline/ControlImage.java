package org.dit4j.pipeline;

import org.dit4j.ConfigException;
import org.dit4j.data.Picture;

/// A picture that a ControlNet steers by, such as edges or depth (Zhang et al. 2023,
/// arXiv:2302.05543). Immutable.
///
/// @param picture brought to the size of the request
/// @param scale times which the ControlNet's residuals are added, 0 to 10
public record ControlImage(Picture picture, double scale) {
    private static final int MOST = 10;

    /// Checks the scale.
    public ControlImage {
        ConfigException.require(
                scale >= 0 && scale <= MOST,
                "the scale of the control must be 0 to %d but is %s",
                MOST,
                scale);
    }
}
