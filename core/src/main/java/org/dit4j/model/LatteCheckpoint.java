package org.dit4j.model;

import java.nio.file.Path;
import java.util.Optional;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.CheckpointException;
import org.dit4j.checkpoint.StateDict;

/// Checkpoints of class-conditional [Latte].
public final class LatteCheckpoint {
    private static final CheckpointFamily<Latte.Config, Latte> FAMILY =
            new CheckpointFamily<>(
                    "a class-conditional Latte",
                    LatteCheckpoint::layout,
                    (dict, _) -> dict,
                    LatteConfigs::read,
                    null,
                    Latte::new);

    private LatteCheckpoint() {}

    /// Opens a file or folder; the configuration is that of the `config.json` beside the weights.
    ///
    /// @throws CheckpointException if there is no such Latte at that path
    /// @throws ConfigException if the configuration is wrong or missing
    public static OpenCheckpoint<Latte.Config, Latte> open(Path path) {
        return FAMILY.open(path);
    }

    private static Optional<Layout> layout(StateDict dict) {
        return dict.has("temp_embed") && dict.has("y_embedder.embedding_table.weight")
                ? Optional.of(Layout.ORIGINAL)
                : Optional.empty();
    }
}
