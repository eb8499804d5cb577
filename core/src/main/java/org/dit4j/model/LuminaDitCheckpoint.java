package org.dit4j.model;

import java.nio.file.Path;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.CheckpointException;

/// Checkpoints of Flag-DiT or Next-DiT, of the original code or of diffusers.
public final class LuminaDitCheckpoint {
    static final CheckpointFamily<LuminaDit.Config, LuminaDit> FAMILY =
            new CheckpointFamily<>(
                    "a Flag-DiT or Next-DiT",
                    LuminaDitLayouts::find,
                    LuminaDitLayouts::toOriginal,
                    LuminaDitConfigs::read,
                    null,
                    LuminaDit::new);

    private LuminaDitCheckpoint() {}

    /// Opens a file or folder; the configuration is that of the `config.json` beside the weights.
    ///
    /// @throws CheckpointException if there is no Flag-DiT or Next-DiT at that path
    /// @throws ConfigException if the configuration is wrong or missing
    public static OpenCheckpoint<LuminaDit.Config, LuminaDit> open(Path path) {
        return FAMILY.open(path);
    }
}
