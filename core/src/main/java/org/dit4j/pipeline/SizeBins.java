package org.dit4j.pipeline;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Spatial;

/// The sizes of pictures that PixArt and Sana were trained on, by their ratio of height to width
/// (the constants of diffusers: `ASPECT_RATIO_1024_BIN` and its likes in
/// `pipeline_pixart_alpha.py`, `pipeline_pixart_sigma.py` and `pipeline_sana.py`, which are one
/// table in units of a sixteenth of the side).
///
/// A picture is drawn in the size of the nearest ratio, then resized until it covers what was asked
/// for, of which the middle is kept (`image_processor.py`, `PixArtImageProcessor`).
///
/// @param side of a square
/// @param bins by ratio
record SizeBins(int side, List<Bin> bins) {
    /// A size.
    ///
    /// @param ratio of height to width, as the table rounds it
    /// @param height in sixteenths of the side
    /// @param width in sixteenths of the side
    private record Bin(String ratio, int height, int width) {
        static Bin of(String text) {
            String[] parts = text.strip().split("[ x]", -1);
            return new Bin(parts[0], Integer.parseInt(parts[1]), Integer.parseInt(parts[2]));
        }
    }

    private static final int PARTS = 16;
    private static final List<Bin> ALL =
            Arrays.stream(
                            """
                            0.25 8x32, 0.26 8x31, 0.27 8x30, 0.28 8x29, 0.32 9x28, 0.33 9x27, 0.35 9x26, 0.4 10x25,
                            0.42 10x24, 0.48 11x23, 0.5 11x22, 0.52 11x21, 0.57 12x21, 0.6 12x20, 0.68 13x19,
                            0.72 13x18, 0.78 14x18, 0.82 14x17, 0.88 15x17, 0.94 15x16, 1.0 16x16, 1.07 16x15,
                            1.13 17x15, 1.21 17x14, 1.29 18x14, 1.38 18x13, 1.46 19x13, 1.67 20x12, 1.75 21x12,
                            2.0 22x11, 2.09 23x11, 2.4 24x10, 2.5 25x10, 2.89 26x9, 3.0 27x9, 3.11 28x9, 3.62 29x8,
                            3.75 30x8, 3.88 31x8, 4.0 32x8\
                            """
                                    .split(",", -1))
                    .map(Bin::of)
                    .toList();

    /// Ratios for which small pictures have no size.
    private static final Set<String> OF_LARGE =
            Set.of("0.26", "0.27", "2.89", "3.11", "3.62", "3.75", "3.88");

    private static final Set<Integer> SMALL = Set.of(256, 512, 1024);
    private static final Set<Integer> LARGE = Set.of(2048, 4096);

    /// Returns the sizes of networks for squares of a side; empty if there are none for that side.
    static Optional<SizeBins> of(int side) {
        if (LARGE.contains(side)) {
            return Optional.of(new SizeBins(side, ALL));
        }
        return SMALL.contains(side)
                ? Optional.of(
                        new SizeBins(
                                side,
                                ALL.stream().filter(b -> !OF_LARGE.contains(b.ratio)).toList()))
                : Optional.empty();
    }

    /// Returns the request for the size of the nearest ratio.
    GenerationRequest nearest(GenerationRequest r) {
        double ratio = r.height() / (double) r.width();
        Bin bin =
                bins.stream()
                        .min(
                                Comparator.comparingDouble(
                                        b -> Math.abs(Double.parseDouble(b.ratio) - ratio)))
                        .orElseThrow();
        return r.withSize(bin.width * side / PARTS, bin.height * side / PARTS);
    }

    /// Resizes pictures until they cover a size, and cuts out their middle.
    ///
    /// @param x `[B, 3, H, W]`
    /// @return `[B, 3, height, width]`
    static Tensor cover(Tensor x, int width, int height) {
        long h = x.size(2);
        long w = x.size(3);
        if (h == height && w == width) {
            return x;
        }
        boolean wide = width * h > height * w;
        long newWidth = wide ? width : w * height / h;
        long newHeight = wide ? h * width / w : height;
        return Spatial.resizeBilinear(x, newHeight, newWidth)
                .narrow(2, (newHeight - height) / 2, height)
                .narrow(3, (newWidth - width) / 2, width);
    }
}
