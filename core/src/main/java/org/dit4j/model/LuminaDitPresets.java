package org.dit4j.model;

import java.util.Arrays;
import java.util.List;
import org.dit4j.ConfigException;
import org.dit4j.model.LuminaDit.Conditioning;
import org.dit4j.model.LuminaDit.Generation;
import org.dit4j.nn.RotaryScaling;

/// The sizes of Flag-DiT and Next-DiT (Alpha-VLLM/Lumina-T2X: the functions at the end of each
/// `models/model.py`), with 4 latent channels, learned sigma and QK-norm, as they were trained.
public final class LuminaDitPresets {
    private static final Conditioning CLASSES = new Conditioning.Classes(1000, 0.1);
    private static final Conditioning LLAMA = new Conditioning.Captions(4096, false);
    private static final Conditioning GEMMA = new Conditioning.Captions(2048, false);

    private enum Size {
        FLAG_600M("Flag-DiT-600M/2", Generation.FLAG, CLASSES, 32, 16, 1536, 32),
        FLAG_3B("Flag-DiT-3B/2", Generation.FLAG, CLASSES, 32, 32, 3072, 32),
        FLAG_7B("Flag-DiT-7B/2", Generation.FLAG, CLASSES, 32, 32, 4096, 32),
        FLAG_T2I_5B("Flag-DiT-T2I-5B/2", Generation.FLAG, LLAMA, 128, 32, 3072, 32),
        NEXT_600M("Next-DiT-600M/2", Generation.NEXT, CLASSES, 32, 16, 1536, 32),
        NEXT_2B("Next-DiT-2B/2", Generation.NEXT, CLASSES, 32, 24, 2304, 32),
        NEXT_3B("Next-DiT-3B/2", Generation.NEXT, CLASSES, 32, 32, 3072, 32),
        NEXT_7B("Next-DiT-7B/2", Generation.NEXT, CLASSES, 32, 32, 4096, 32),
        NEXT_T2I_2B("Next-DiT-T2I-2B/2", Generation.NEXT, GEMMA, 128, 24, 2304, 32),
        NEXT_T2I_2B_GQA("Next-DiT-T2I-2B-GQA/2", Generation.NEXT, GEMMA, 128, 24, 2304, 8);

        private static final int HEADS = 32;

        private final String preset;
        private final Generation generation;
        private final Conditioning conditioning;
        private final int inputSize;
        private final LuminaLayers layers;

        Size(
                String preset,
                Generation generation,
                Conditioning conditioning,
                int inputSize,
                int depth,
                int dim,
                int kvHeads) {
            this.preset = preset;
            this.generation = generation;
            this.conditioning = conditioning;
            this.inputSize = inputSize;
            this.layers = new LuminaLayers(depth, dim, HEADS, kvHeads, 256, 1, 1e-5, true);
        }
    }

    private LuminaDitPresets() {}

    /// Returns the names, `Flag-DiT-600M/2` to `Next-DiT-T2I-2B-GQA/2`.
    public static List<String> names() {
        return Arrays.stream(Size.values()).map(s -> s.preset).toList();
    }

    /// Returns a standard configuration: 1000 classes at 256 pixels, or the text encoder of the
    /// publication (LLaMA-2-7B for Flag-DiT, Gemma-2B for Next-DiT) at 1024 pixels.
    ///
    /// @param name `Flag-DiT-600M/2` and so on
    /// @throws ConfigException if there is no such preset
    public static LuminaDit.Config of(String name) {
        for (Size s : Size.values()) {
            if (s.preset.equals(name)) {
                return new LuminaDit.Config(
                        s.generation,
                        s.conditioning,
                        s.inputSize,
                        2,
                        4,
                        s.layers,
                        true,
                        true,
                        RotaryScaling.NONE);
            }
        }
        throw new ConfigException(
                "no preset %s; there are %s".formatted(name, String.join(", ", names())));
    }
}
