package org.dit4j.model;

import java.nio.file.Path;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.CheckpointException;

/// Checkpoints of Wan, of the original code or of diffusers.
public final class WanCheckpoint {
    static final CheckpointFamily<Wan.Config, Wan> FAMILY =
            new CheckpointFamily<>(
                    "a Wan",
                    WanLayouts::find,
                    WanLayouts::toOriginal,
                    WanConfigs::read,
                    null,
                    Wan::new,
                    WanLayouts::toDiffusers);

    private WanCheckpoint() {}

    /// Opens a file or folder; the configuration is that of the `config.json` beside the weights.
    ///
    /// @throws CheckpointException if there is no Wan at that path
    /// @throws ConfigException if the configuration is wrong or missing
    public static OpenCheckpoint<Wan.Config, Wan> open(Path path) {
        return FAMILY.open(path);
    }
}
