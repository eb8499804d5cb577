package org.dit4j.model;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.dit4j.ConfigException;

/// The twelve standard sizes of DiT and SiT (DiT, `models.py`, `DiT_models`).
public final class DitPresets {
    private enum Size {
        XL(28, 1152, 16),
        L(24, 1024, 16),
        B(12, 768, 12),
        S(12, 384, 6);

        private final int depth;
        private final int hiddenSize;
        private final int numHeads;

        Size(int depth, int hiddenSize, int numHeads) {
            this.depth = depth;
            this.hiddenSize = hiddenSize;
            this.numHeads = numHeads;
        }
    }

    private DitPresets() {}

    /// Returns the names of the standard sizes, `DiT-XL/2` to `DiT-S/8`.
    public static List<String> names() {
        return Arrays.stream(Size.values()).flatMap(DitPresets::names).toList();
    }

    private static Stream<String> names(Size size) {
        return IntStream.of(2, 4, 8).mapToObj(patch -> "DiT-" + size + "/" + patch);
    }

    /// Returns a standard configuration: 4 latent channels, 1000 classes, learned sigma, label
    /// dropout 0.1.
    ///
    /// @param name `DiT-XL/2`, `SiT-B/4` and so on
    /// @param inputSize height and width of the latents: 32 for 256 pixels, 64 for 512
    /// @throws ConfigException if there is no such preset
    public static Dit.Config of(String name, int inputSize) {
        String dit = name.replaceFirst("^SiT-", "DiT-");
        Optional<Size> size =
                Arrays.stream(Size.values()).filter(s -> names(s).anyMatch(dit::equals)).findAny();
        if (size.isEmpty()) {
            throw new ConfigException(
                    "no preset %s; there are %s, and the same with SiT-"
                            .formatted(name, String.join(", ", names())));
        }
        Size s = size.get();
        int patch = Integer.parseInt(dit.substring(dit.indexOf('/') + 1));
        Dit.Variant variant = name.startsWith("SiT-") ? Dit.Variant.SIT : Dit.Variant.ORIGINAL;
        return new Dit.Config(
                inputSize,
                patch,
                4,
                s.hiddenSize,
                s.depth,
                s.numHeads,
                4.0,
                0.1,
                1000,
                true,
                variant);
    }
}
