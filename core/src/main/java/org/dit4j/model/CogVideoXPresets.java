package org.dit4j.model;

import java.util.Arrays;
import java.util.List;
import org.dit4j.ConfigException;
import org.dit4j.model.CogVideoXConfig.Positions;
import org.dit4j.nn.VideoPatch;

/// The published sizes of [CogVideoX] (the `transformer/config.json` of their folders).
public final class CogVideoXPresets {
    private enum Size {
        B2("CogVideoX-2B", 30, 30, Positions.SIN_COS, 1, false),
        B5("CogVideoX-5B", 48, 42, Positions.ROTARY, 1, false),
        B5_IMAGE("CogVideoX-5B-I2V", 48, 42, Positions.ROTARY_LEARNED, 1, true),
        B5_SECOND("CogVideoX1.5-5B", 48, 42, Positions.ROTARY, 2, false),
        B5_SECOND_IMAGE("CogVideoX1.5-5B-I2V", 48, 42, Positions.ROTARY, 2, true);

        private final String preset;
        private final int heads;
        private final int depth;
        private final Positions positions;
        private final int patchFrames;
        private final boolean image;

        Size(
                String preset,
                int heads,
                int depth,
                Positions positions,
                int patchFrames,
                boolean image) {
            this.preset = preset;
            this.heads = heads;
            this.depth = depth;
            this.positions = positions;
            this.patchFrames = patchFrames;
            this.image = image;
        }

        private CogVideoXConfig config() {
            boolean second = patchFrames > 1;
            return new CogVideoXConfig(
                    new VideoPatch(patchFrames, 2, 2),
                    second,
                    !second,
                    image ? 32 : 16,
                    16,
                    heads,
                    64,
                    depth,
                    512,
                    second && image ? 512 : 0,
                    4096,
                    226,
                    second ? 21 : 13,
                    second ? 300 : 60,
                    second ? 300 : 90,
                    1.875,
                    1,
                    positions,
                    true,
                    true,
                    1e-5);
        }
    }

    private CogVideoXPresets() {}

    /// Returns the names, `CogVideoX-2B` to `CogVideoX1.5-5B-I2V`.
    public static List<String> names() {
        return Arrays.stream(Size.values()).map(s -> s.preset).toList();
    }

    /// Returns a published configuration: 16 latent channels, from an image to a video 16 more for
    /// it, states of T5-XXL.
    ///
    /// @param name `CogVideoX-5B` and so on
    /// @throws ConfigException if there is no such preset
    public static CogVideoXConfig of(String name) {
        for (Size s : Size.values()) {
            if (s.preset.equals(name)) {
                return s.config();
            }
        }
        throw new ConfigException(
                "no preset %s; there are %s".formatted(name, String.join(", ", names())));
    }
}
