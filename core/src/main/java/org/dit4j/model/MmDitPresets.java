package org.dit4j.model;

import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.dit4j.ConfigException;
import org.dit4j.model.MmDit.HeadNorm;

/// The published networks of Stable Diffusion 3 and 3.5 (Stability-AI/sd3.5, `mmditx.py`: heads of
/// 64 channels, as many heads as blocks; the `config.json` of each).
public final class MmDitPresets {
    private enum Size {
        SD3_MEDIUM("SD3-medium", 24, 192, HeadNorm.NONE, 0),
        SD35_MEDIUM("SD3.5-medium", 24, 384, HeadNorm.RMS, 13),
        SD35_LARGE("SD3.5-large", 38, 192, HeadNorm.RMS, 0);

        private final String preset;
        private final int depth;
        private final int maxPositions;
        private final HeadNorm qkNorm;
        private final int dualLayers; // the first ones

        Size(String preset, int depth, int maxPositions, HeadNorm qkNorm, int dualLayers) {
            this.preset = preset;
            this.depth = depth;
            this.maxPositions = maxPositions;
            this.qkNorm = qkNorm;
            this.dualLayers = dualLayers;
        }

        private Set<Integer> dual() {
            return IntStream.range(0, dualLayers).boxed().collect(Collectors.toSet());
        }
    }

    private MmDitPresets() {}

    /// Returns the names, `SD3-medium` to `SD3.5-large`.
    public static List<String> names() {
        return Arrays.stream(Size.values()).map(s -> s.preset).toList();
    }

    /// Returns a published configuration: 16 latent channels, patches of 2, latents of 128 x 128
    /// (1024 pixels), text states of 4096, pooled text of 2048.
    ///
    /// @param name `SD3-medium` and so on
    /// @throws ConfigException if there is no such preset
    public static MmDit.Config of(String name) {
        for (Size s : Size.values()) {
            if (s.preset.equals(name)) {
                return new MmDit.Config(
                        128,
                        2,
                        16,
                        16,
                        64 * s.depth,
                        s.depth,
                        s.depth,
                        4096,
                        2048,
                        s.maxPositions,
                        s.qkNorm,
                        s.dual());
            }
        }
        throw new ConfigException(
                "no preset %s; there are %s".formatted(name, String.join(", ", names())));
    }
}
