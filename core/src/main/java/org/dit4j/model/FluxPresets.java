package org.dit4j.model;

import java.util.List;
import org.dit4j.ConfigException;

/// The published networks of FLUX.1 (black-forest-labs/flux, `util.py`, `configs`).
public final class FluxPresets {
    private static final String DEV = "FLUX.1-dev";
    private static final String SCHNELL = "FLUX.1-schnell";

    /// Channels of a head of 128 that turn with each axis.
    static final List<Integer> AXES = List.of(16, 56, 56);

    private FluxPresets() {}

    /// Returns the names, `FLUX.1-dev` and `FLUX.1-schnell`.
    public static List<String> names() {
        return List.of(DEV, SCHNELL);
    }

    /// Returns a published configuration: latents of 16 channels in patches of 2, text states of
    /// 4096, pooled text of 768.
    ///
    /// @param name `FLUX.1-dev` and so on
    /// @throws ConfigException if there is no such preset
    public static Flux.Config of(String name) {
        ConfigException.require(
                names().contains(name),
                "no preset %s; there are %s",
                name,
                String.join(", ", names()));
        return new Flux.Config(64, 64, 3072, 19, 38, 24, 4096, 768, AXES, name.equals(DEV));
    }
}
