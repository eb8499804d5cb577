package org.dit4j.model;

import java.nio.file.Path;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.CheckpointException;

/// Checkpoints of Lumina 2, of the original code or of diffusers.
public final class Lumina2Checkpoint {
    static final CheckpointFamily<Lumina2.Config, Lumina2> FAMILY =
            new CheckpointFamily<>(
                    "a Lumina 2",
                    Lumina2Layouts::find,
                    Lumina2Layouts::toOriginal,
                    Lumina2Configs::read,
                    null,
                    Lumina2::new,
                    Lumina2Layouts::toDiffusers);

    private Lumina2Checkpoint() {}

    /// Opens a file or folder; the configuration is that of the `config.json` beside the weights.
    ///
    /// @throws CheckpointException if there is no Lumina 2 at that path
    /// @throws ConfigException if the configuration is wrong or missing
    public static OpenCheckpoint<Lumina2.Config, Lumina2> open(Path path) {
        return FAMILY.open(path);
    }
}
