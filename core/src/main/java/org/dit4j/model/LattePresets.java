package org.dit4j.model;

import java.util.List;

/// The standard sizes of [Latte] (Vchitect/Latte, `models/latte.py`), which are those of DiT, and
/// the published text-conditional network.
public final class LattePresets {
    private static final int FRAMES = 16;

    private LattePresets() {}

    /// Returns the names, `Latte-XL/2` to `Latte-S/8`.
    public static List<String> names() {
        return DitPresets.names().stream().map(n -> n.replaceFirst("^DiT-", "Latte-")).toList();
    }

    /// Returns a standard configuration: 16 frames, 4 latent channels, 1000 classes, learned sigma,
    /// label dropout 0.1.
    ///
    /// @param name `Latte-XL/2` and so on
    /// @param inputSize height and width of the latents: 32 for 256 pixels
    /// @throws org.dit4j.ConfigException if there is no such preset
    public static Latte.Config of(String name, int inputSize) {
        return new Latte.Config(
                DitPresets.of(name.replaceFirst("^Latte-", "DiT-"), inputSize), FRAMES);
    }

    /// Returns the published text-conditional network, Latte-1, for 512 pixels: 16 frames, 4 latent
    /// channels, text states of T5-XXL, learned sigma.
    public static LatteText.Config text() {
        return new LatteText.Config(64, 2, 4, 8, 1152, 28, 16, 4096, FRAMES, true, false, 1e-6);
    }
}
