package org.dit4j.model;

import java.util.Arrays;
import java.util.List;
import org.dit4j.ConfigException;
import org.dit4j.nn.GridRegion.Spacing;

/// The four sizes of Hunyuan-DiT (Tencent/HunyuanDiT, `hydit/modules/models.py`,
/// `HUNYUAN_DIT_CONFIG`); the published networks are `HunyuanDiT-g/2`.
public final class HunyuanDitPresets {
    private enum Size {
        G("g", 40, 1408, 16, 4.3637),
        XL("XL", 28, 1152, 16, 4),
        L("L", 24, 1024, 16, 4),
        B("B", 12, 768, 12, 4);

        private final String letter;
        private final int depth;
        private final int hiddenSize;
        private final int numHeads;
        private final double mlpRatio;

        Size(String letter, int depth, int hiddenSize, int numHeads, double mlpRatio) {
            this.letter = letter;
            this.depth = depth;
            this.hiddenSize = hiddenSize;
            this.numHeads = numHeads;
            this.mlpRatio = mlpRatio;
        }

        private String preset() {
            return "HunyuanDiT-" + letter + "/2";
        }
    }

    private HunyuanDitPresets() {}

    /// Returns the names, `HunyuanDiT-g/2` to `HunyuanDiT-B/2`.
    public static List<String> names() {
        return Arrays.stream(Size.values()).map(Size::preset).toList();
    }

    /// Returns a standard configuration: 4 latent channels, learned sigma, the published text
    /// encoders, positions fitted into 32 x 32.
    ///
    /// @param name `HunyuanDiT-g/2` and so on
    /// @param inputSize height and width of the latents: 128 for 1024 pixels
    /// @param sizeAndStyle true for versions up to 1.1, false from 1.2 on
    /// @throws ConfigException if there is no such preset
    public static HunyuanDit.Config of(String name, int inputSize, boolean sizeAndStyle) {
        for (Size s : Size.values()) {
            if (s.preset().equals(name)) {
                return new HunyuanDit.Config(
                        inputSize,
                        2,
                        4,
                        s.hiddenSize,
                        s.depth,
                        s.numHeads,
                        s.mlpRatio,
                        true,
                        HunyuanDit.Text.PUBLISHED,
                        sizeAndStyle,
                        32,
                        Spacing.EVEN);
            }
        }
        throw new ConfigException(
                "no preset %s; there are %s".formatted(name, String.join(", ", names())));
    }
}
