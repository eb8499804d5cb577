package org.dit4j.data;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.ShapeException;
import org.dit4j.tensor.Shapes;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;

/// A picture: 8-bit RGB, rows from top to bottom. Immutable; two pictures with the same size and
/// bytes are equal.
public final class Picture {
    /// The longest side of a picture.
    public static final int MAX_SIDE = 1 << 15;

    /// The largest number of pixels of a picture.
    public static final int MAX_PIXELS = 1 << 27;

    private final int width;
    private final int height;
    private final byte[] rgb; // [H, W, 3]

    private Picture(int width, int height, byte[] rgb) {
        this.width = width;
        this.height = height;
        this.rgb = rgb;
    }

    /// Returns a picture with a copy of `rgb`, row-major `[H, W, 3]`.
    ///
    /// @throws ShapeException if the size is out of bounds or `rgb` has another length
    public static Picture of(int width, int height, byte[] rgb) {
        return wrap(width, height, rgb.clone());
    }

    /// Returns a gray picture.
    ///
    /// @param gray holds the pixels, `[H, W]`, from `offset` on
    /// @throws ShapeException if the size is out of bounds or `gray` ends too early
    public static Picture ofGray(int width, int height, byte[] gray, int offset) {
        requireSize(width, height);
        if (offset < 0 || offset > gray.length - width * height) {
            throw new ShapeException(
                    "there are no %d x %d pixels from %d on in %d bytes"
                            .formatted(width, height, offset, gray.length));
        }
        var rgb = new byte[3 * width * height];
        for (int i = 0; i < rgb.length; i++) {
            rgb[i] = gray[offset + i / 3];
        }
        return new Picture(width, height, rgb);
    }

    /// Returns the picture that a tensor holds.
    ///
    /// @param x uint8 `[H, W, 3]`, borrowed
    /// @throws ShapeException if it is anything else
    public static Picture of(Tensor x) {
        if (x.dim() != 3 || x.size(2) != 3 || Dtype.of(x) != Dtype.UINT8) {
            throw new ShapeException(
                    "a picture is a uint8 tensor [H, W, 3], not %s %s"
                            .formatted(Dtype.of(x), Arrays.toString(Shapes.of(x))));
        }
        requireSize(x.size(1), x.size(0));
        return wrap((int) x.size(1), (int) x.size(0), Tensors.bytes(x));
    }

    /// Returns the pictures that a network's output holds: `round(255 clamp(x / 2 + 1/2))`, as
    /// diffusers does it (`image_processor.py`).
    ///
    /// @param x float `[B, 3, H, W]`, about in [-1, 1], borrowed
    public static List<Picture> ofBatch(Tensor x) {
        try (var _ = TensorScope.open()) {
            Tensor share = Ops.clamp(Ops.add(Ops.mul(x, 0.5), 0.5), 0, 1);
            Tensor bytes = Ops.to(Ops.mul(share, 255).round(), Dtype.UINT8);
            Tensor rows = bytes.permute(0, 2, 3, 1).contiguous(); // [B, H, W, 3]
            var pictures = new ArrayList<Picture>();
            for (long i = 0; i < rows.size(0); i++) {
                pictures.add(of(rows.select(0, i)));
            }
            return List.copyOf(pictures);
        }
    }

    /// As [#of(int, int, byte\[\])], keeping the array.
    static Picture wrap(int width, int height, byte[] rgb) {
        requireSize(width, height);
        if (rgb.length != 3 * width * height) {
            throw new ShapeException(
                    "a picture of %d x %d has %d bytes, not %d"
                            .formatted(width, height, 3 * width * height, rgb.length));
        }
        return new Picture(width, height, rgb);
    }

    /// Fails unless the size is within the bounds.
    static void requireSize(long width, long height) {
        boolean sides = Math.min(width, height) >= 1 && Math.max(width, height) <= MAX_SIDE;
        if (!sides || width * height > MAX_PIXELS) {
            throw new ShapeException(
                    "the sides of a picture must be 1 to %d, and its pixels at most %d, but it is %d x %d"
                            .formatted(MAX_SIDE, MAX_PIXELS, width, height));
        }
    }

    /// Returns the number of columns.
    public int width() {
        return width;
    }

    /// Returns the number of rows.
    public int height() {
        return height;
    }

    /// Returns a value from 0 to 255.
    ///
    /// @param channel 0 red, 1 green, 2 blue
    public int value(int x, int y, int channel) {
        return rgb[(y * width + x) * 3 + channel] & 0xff;
    }

    /// Returns the pixels, uint8 `[H, W, 3]`, in the caller's scope.
    public Tensor tensor() {
        return Tensors.of(rgb, height, width, 3);
    }

    /// Returns the part of that size whose upper left corner is at `(left, top)`.
    ///
    /// @throws ShapeException if it reaches beyond the picture
    public Picture crop(int left, int top, int w, int h) {
        boolean inside = left >= 0 && top >= 0 && w >= 1 && h >= 1;
        if (!inside || left > width - w || top > height - h) {
            throw new ShapeException(
                    "a crop of %d x %d at (%d, %d) reaches beyond a picture of %d x %d"
                            .formatted(w, h, left, top, width, height));
        }
        var part = new byte[3 * w * h];
        for (int y = 0; y < h; y++) {
            System.arraycopy(rgb, ((top + y) * width + left) * 3, part, y * w * 3, w * 3);
        }
        return new Picture(w, h, part);
    }

    /// Returns a picture of that size, at least as large, with this one in its middle.
    ///
    /// @param gray what fills the rest, 0 to 255
    /// @throws ShapeException if the size is smaller or out of bounds
    public Picture centered(int w, int h, int gray) {
        requireSize(w, h);
        if (w < width || h < height) {
            throw new ShapeException(
                    "a picture of %d x %d does not fit into %d x %d"
                            .formatted(width, height, w, h));
        }
        var all = new byte[3 * w * h];
        Arrays.fill(all, (byte) gray);
        int at = ((h - height) / 2 * w + (w - width) / 2) * 3;
        for (int y = 0; y < height; y++) {
            System.arraycopy(rgb, y * width * 3, all, at + y * w * 3, width * 3);
        }
        return new Picture(w, h, all);
    }

    /// Returns the bytes themselves, `[H, W, 3]`: not to be changed.
    byte[] bytes() {
        return rgb;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Picture p && width == p.width && Arrays.equals(rgb, p.rgb);
    }

    @Override
    public int hashCode() {
        return 31 * width + Arrays.hashCode(rgb);
    }

    @Override
    public String toString() {
        return "Picture %d x %d".formatted(width, height);
    }
}
