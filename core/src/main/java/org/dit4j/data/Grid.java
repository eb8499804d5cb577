package org.dit4j.data;

import java.util.Arrays;
import java.util.List;
import org.dit4j.tensor.ShapeException;

/// Several pictures as one.
public final class Grid {
    private static final int GAP = 2;

    private Grid() {}

    /// Lays pictures of one size out row by row, on white with a gap of two pixels between them.
    ///
    /// @param columns number of pictures in a row; the last row may be shorter
    /// @throws ShapeException if there are none, or their sizes differ
    public static Picture of(List<Picture> pictures, int columns) {
        if (pictures.isEmpty() || columns < 1) {
            throw new ShapeException("a grid needs pictures and columns");
        }
        int w = pictures.getFirst().width();
        int h = pictures.getFirst().height();
        int across = Math.min(columns, pictures.size());
        int down = (pictures.size() + columns - 1) / columns;
        int width = across * (w + GAP) - GAP;
        int height = down * (h + GAP) - GAP;
        Picture.requireSize(width, height);
        var rgb = new byte[3 * width * height];
        Arrays.fill(rgb, (byte) 255);
        for (int i = 0; i < pictures.size(); i++) {
            Picture p = pictures.get(i);
            if (p.width() != w || p.height() != h) {
                throw new ShapeException(
                        "the pictures of a grid must have one size, but there are %s and %s"
                                .formatted(pictures.getFirst(), p));
            }
            int left = i % columns * (w + GAP);
            int top = i / columns * (h + GAP);
            for (int y = 0; y < h; y++) {
                System.arraycopy(p.bytes(), y * w * 3, rgb, ((top + y) * width + left) * 3, w * 3);
            }
        }
        return Picture.wrap(width, height, rgb);
    }
}
