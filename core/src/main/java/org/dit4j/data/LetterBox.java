package org.dit4j.data;

/// Fits a whole picture into a size of another shape: enlarged or reduced as its sides ask, in the
/// middle, on white.
public final class LetterBox {
    private static final int WHITE = 255;

    private LetterBox() {}

    /// Returns the picture in that size; the same picture if it has it.
    ///
    /// @throws org.dit4j.tensor.ShapeException if the size is out of bounds
    public static Picture of(Picture picture, int width, int height) {
        double scale =
                Math.min((double) width / picture.width(), (double) height / picture.height());
        int w = Math.clamp(Math.round(picture.width() * scale), 1, width);
        int h = Math.clamp(Math.round(picture.height() * scale), 1, height);
        return Resampling.BICUBIC.resize(picture, w, h).centered(width, height, WHITE);
    }
}
