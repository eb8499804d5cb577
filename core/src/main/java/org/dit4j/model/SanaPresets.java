package org.dit4j.model;

import java.util.Arrays;
import java.util.List;
import org.dit4j.ConfigException;
import org.jspecify.annotations.Nullable;

/// The published networks of Sana, Sana 1.5 and Sana Sprint (NVlabs/Sana; diffusers
/// `scripts/convert_sana_to_diffusers.py`), with the states of Gemma 2 2B.
public final class SanaPresets {
    private enum Size {
        SMALL_512("Sana-0.6B-512", 1152, 28, 36, 16, 512, null, false, false),
        SMALL_1024("Sana-0.6B-1024", 1152, 28, 36, 16, 1024, null, false, false),
        LARGE_512("Sana-1.6B-512", 2240, 20, 70, 20, 512, null, false, false),
        LARGE_1024("Sana-1.6B-1024", 2240, 20, 70, 20, 1024, null, false, false),
        LARGE_2048("Sana-1.6B-2048", 2240, 20, 70, 20, 2048, 1.0, false, false),
        LARGE_4096("Sana-1.6B-4096", 2240, 20, 70, 20, 4096, 2.0, false, false),
        NEW_LARGE("Sana-1.5-1.6B", 2240, 20, 70, 20, 1024, null, true, false),
        NEW_HUGE("Sana-1.5-4.8B", 2240, 60, 70, 20, 1024, null, true, false),
        SPRINT_SMALL("Sana-Sprint-0.6B", 1152, 28, 36, 16, 1024, null, true, true),
        SPRINT_LARGE("Sana-Sprint-1.6B", 2240, 20, 70, 20, 1024, null, true, true);

        private final String preset;
        private final int width;
        private final int depth;
        private final int heads;
        private final int crossHeads;
        private final int pixels;
        private final @Nullable Double interpolation;
        private final boolean qkNorm;
        private final boolean guided;

        Size(
                String preset,
                int width,
                int depth,
                int heads,
                int crossHeads,
                int pixels,
                @Nullable Double interpolation,
                boolean qkNorm,
                boolean guided) {
            this.preset = preset;
            this.width = width;
            this.depth = depth;
            this.heads = heads;
            this.crossHeads = crossHeads;
            this.pixels = pixels;
            this.interpolation = interpolation;
            this.qkNorm = qkNorm;
            this.guided = guided;
        }
    }

    private SanaPresets() {}

    /// Returns the names, `Sana-0.6B-512` to `Sana-Sprint-1.6B`.
    public static List<String> names() {
        return Arrays.stream(Size.values()).map(s -> s.preset).toList();
    }

    /// Returns a published configuration: latents of 32 channels and a 32nd of the pixels, patches
    /// of 1, text states of 2304.
    ///
    /// @param name `Sana-1.6B-1024` and so on
    /// @throws ConfigException if there is no such preset
    public static Sana.Config of(String name) {
        for (Size s : Size.values()) {
            if (s.preset.equals(name)) {
                return new Sana.Config(
                        s.pixels / 32,
                        1,
                        32,
                        32,
                        s.width,
                        s.depth,
                        s.heads,
                        s.crossHeads,
                        2304,
                        2.5,
                        false,
                        s.qkNorm,
                        s.interpolation,
                        s.guided,
                        0.1,
                        1,
                        false,
                        1e-6);
            }
        }
        throw new ConfigException(
                "no preset %s; there are %s".formatted(name, String.join(", ", names())));
    }
}
