package org.dit4j.model;

import java.util.Arrays;
import java.util.List;
import org.dit4j.ConfigException;

/// The sizes of Lumina 2 (Alpha-VLLM/Lumina-Image-2.0: the functions at the end of
/// `models/model.py`), with 16 latent channels and the states of Gemma-2-2B; the published network
/// is `Lumina2-2B/2`.
public final class Lumina2Presets {
    private enum Size {
        B2("2B", 26, 2304, 24, 32),
        B3("3B", 30, 2592, 24, 36),
        B4("4B", 32, 2880, 24, 40),
        B7("7B", 32, 3840, 32, 40);

        private final String preset;
        private final LuminaLayers layers;
        private final int axis;

        Size(String size, int depth, int dim, int heads, int axis) {
            this.preset = "Lumina2-" + size + "/2";
            this.layers = new LuminaLayers(depth, dim, heads, 8, 256, 1, 1e-5, true);
            this.axis = axis;
        }
    }

    private Lumina2Presets() {}

    /// Returns the names, `Lumina2-2B/2` to `Lumina2-7B/2`.
    public static List<String> names() {
        return Arrays.stream(Size.values()).map(s -> s.preset).toList();
    }

    /// Returns a standard configuration, for 1024 pixels.
    ///
    /// @param name `Lumina2-2B/2` and so on
    /// @throws ConfigException if there is no such preset
    public static Lumina2.Config of(String name) {
        for (Size s : Size.values()) {
            if (s.preset.equals(name)) {
                return new Lumina2.Config(
                        128,
                        2,
                        16,
                        16,
                        s.layers,
                        2,
                        2304,
                        List.of(s.axis, s.axis, s.axis),
                        List.of(300, 512, 512));
            }
        }
        throw new ConfigException(
                "no preset %s; there are %s".formatted(name, String.join(", ", names())));
    }
}
