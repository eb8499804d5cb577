package org.dit4j.model;

import java.nio.file.Path;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.CheckpointException;

/// Checkpoints of PixArt, of the original code or of diffusers.
public final class PixArtCheckpoint {
    static final CheckpointFamily<PixArt.Config, PixArt> FAMILY =
            new CheckpointFamily<>(
                    "a PixArt",
                    PixArtLayouts::find,
                    PixArtLayouts::toOriginal,
                    PixArtConfigs::read,
                    null,
                    PixArt::new,
                    PixArtLayouts::toDiffusers);

    private PixArtCheckpoint() {}

    /// Opens a file or folder; the configuration is that of the `config.json` beside the weights.
    ///
    /// @throws CheckpointException if there is no PixArt at that path
    /// @throws ConfigException if the configuration is wrong or missing
    public static OpenCheckpoint<PixArt.Config, PixArt> open(Path path) {
        return FAMILY.open(path);
    }
}
