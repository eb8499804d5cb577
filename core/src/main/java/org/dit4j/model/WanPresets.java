package org.dit4j.model;

import java.util.Arrays;
import java.util.List;
import org.dit4j.ConfigException;
import org.dit4j.nn.VideoPatch;

/// The published sizes of [Wan] (Wan-Video/Wan2.1, `wan/configs`), with the states of UMT5-XXL and,
/// from an image to a video, those of CLIP's ViT-H.
public final class WanPresets {
    private enum Size {
        T2V_1_3B("Wan2.1-T2V-1.3B", 1536, 30, 12, 8960, false),
        T2V_14B("Wan2.1-T2V-14B", 5120, 40, 40, 13824, false),
        I2V_14B("Wan2.1-I2V-14B", 5120, 40, 40, 13824, true);

        private final String preset;
        private final int width;
        private final int depth;
        private final int heads;
        private final int ffn;
        private final boolean image;

        Size(String preset, int width, int depth, int heads, int ffn, boolean image) {
            this.preset = preset;
            this.width = width;
            this.depth = depth;
            this.heads = heads;
            this.ffn = ffn;
            this.image = image;
        }
    }

    private WanPresets() {}

    /// Returns the names, `Wan2.1-T2V-1.3B` to `Wan2.1-I2V-14B`.
    public static List<String> names() {
        return Arrays.stream(Size.values()).map(s -> s.preset).toList();
    }

    /// Returns a published configuration: 16 latent channels, from an image to a video 20 more for
    /// it and its mask.
    ///
    /// @param name `Wan2.1-T2V-14B` and so on
    /// @throws ConfigException if there is no such preset
    public static Wan.Config of(String name) {
        for (Size s : Size.values()) {
            if (s.preset.equals(name)) {
                return new Wan.Config(
                        new VideoPatch(1, 2, 2),
                        s.image ? 36 : 16,
                        16,
                        s.width,
                        s.depth,
                        s.heads,
                        s.ffn,
                        256,
                        4096,
                        s.image ? 1280 : 0,
                        0,
                        1024,
                        true,
                        1e-6);
            }
        }
        throw new ConfigException(
                "no preset %s; there are %s".formatted(name, String.join(", ", names())));
    }
}
