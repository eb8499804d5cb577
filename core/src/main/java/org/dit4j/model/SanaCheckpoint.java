package org.dit4j.model;

import java.nio.file.Path;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.CheckpointException;

/// Checkpoints of Sana, of the original code or of diffusers.
public final class SanaCheckpoint {
    static final CheckpointFamily<Sana.Config, Sana> FAMILY =
            new CheckpointFamily<>(
                    "a Sana",
                    SanaLayouts::find,
                    SanaLayouts::toOriginal,
                    SanaConfigs::read,
                    null,
                    Sana::new,
                    SanaLayouts::toDiffusers);

    private SanaCheckpoint() {}

    /// Opens a file or folder; the configuration is that of the `config.json` beside the weights.
    ///
    /// @throws CheckpointException if there is no Sana at that path
    /// @throws ConfigException if the configuration is wrong or missing
    public static OpenCheckpoint<Sana.Config, Sana> open(Path path) {
        return FAMILY.open(path);
    }
}
