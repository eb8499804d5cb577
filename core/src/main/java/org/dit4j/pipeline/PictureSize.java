package org.dit4j.pipeline;

import org.dit4j.ConfigException;

/// How large pictures are to be; 0 stands for what the model makes usually.
///
/// @param width in pixels, at most 8192
/// @param height in pixels, at most 8192
/// @param exact whether models that were trained on a list of sizes draw in this size itself,
///   instead of the nearest of the list, which is then cut
public record PictureSize(int width, int height, boolean exact) {
    /// What the model makes usually.
    public static final PictureSize OPEN = new PictureSize(0, 0, false);

    private static final int MOST = 8192;

    /// Checks the ranges.
    public PictureSize {
        ConfigException.require(
                width >= 0 && width <= MOST && height >= 0 && height <= MOST,
                "a picture's sides must be 1 to %d pixels but are %d x %d",
                MOST,
                width,
                height);
    }

    /// Returns another size, exact if this one is.
    public PictureSize with(int w, int h) {
        return new PictureSize(w, h, exact);
    }

    /// Returns the same size, to be drawn in itself.
    public PictureSize exactly() {
        return new PictureSize(width, height, true);
    }
}
