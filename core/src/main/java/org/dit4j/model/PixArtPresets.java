package org.dit4j.model;

import java.util.Arrays;
import java.util.List;
import org.dit4j.ConfigException;

/// The published networks of PixArt-alpha and PixArt-Sigma, all of size XL/2
/// (PixArt-alpha/PixArt-sigma, `tools/convert_pixart_to_diffusers.py`).
public final class PixArtPresets {
    private enum Size {
        ALPHA_256("PixArt-alpha-256", 256, 1, false),
        ALPHA_512("PixArt-alpha-512", 512, 1, false),
        ALPHA_1024("PixArt-alpha-1024", 1024, 2, true),
        SIGMA_256("PixArt-Sigma-256", 256, 0.5, false),
        SIGMA_512("PixArt-Sigma-512", 512, 1, false),
        SIGMA_1024("PixArt-Sigma-1024", 1024, 2, false),
        SIGMA_2048("PixArt-Sigma-2048", 2048, 4, false);

        private final String preset;
        private final int pixels;
        private final double interpolation;
        private final boolean micro;

        Size(String preset, int pixels, double interpolation, boolean micro) {
            this.preset = preset;
            this.pixels = pixels;
            this.interpolation = interpolation;
            this.micro = micro;
        }
    }

    private PixArtPresets() {}

    /// Returns the names, `PixArt-alpha-256` to `PixArt-Sigma-2048`.
    public static List<String> names() {
        return Arrays.stream(Size.values()).map(s -> s.preset).toList();
    }

    /// Returns a published configuration: latents of 4 channels and an eighth of the pixels,
    /// patches of 2, 28 blocks of 16 heads of 72 channels, text states of 4096.
    ///
    /// @param name `PixArt-alpha-256` and so on
    /// @throws ConfigException if there is no such preset
    public static PixArt.Config of(String name) {
        for (Size s : Size.values()) {
            if (s.preset.equals(name)) {
                return new PixArt.Config(
                        s.pixels / 8,
                        2,
                        4,
                        8,
                        1152,
                        28,
                        16,
                        4096,
                        true,
                        s.interpolation,
                        s.micro,
                        1e-6);
            }
        }
        throw new ConfigException(
                "no preset %s; there are %s".formatted(name, String.join(", ", names())));
    }
}
