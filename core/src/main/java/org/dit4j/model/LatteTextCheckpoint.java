package org.dit4j.model;

import java.nio.file.Path;
import java.util.Optional;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.CheckpointException;
import org.dit4j.checkpoint.StateDict;

/// Checkpoints of text-conditional [LatteText].
public final class LatteTextCheckpoint {
    private static final CheckpointFamily<LatteText.Config, LatteText> FAMILY =
            new CheckpointFamily<>(
                    "a text-conditional Latte of diffusers",
                    LatteTextCheckpoint::layout,
                    (dict, _) -> dict,
                    LatteTextConfigs::read,
                    null,
                    LatteText::new);

    private LatteTextCheckpoint() {}

    /// Opens a file or folder; the configuration is that of the `config.json` beside the weights.
    ///
    /// @throws CheckpointException if there is no such Latte at that path
    /// @throws ConfigException if the configuration is wrong or missing
    public static OpenCheckpoint<LatteText.Config, LatteText> open(Path path) {
        return FAMILY.open(path);
    }

    private static Optional<Layout> layout(StateDict dict) {
        return dict.has("temporal_transformer_blocks.0.attn1.to_q.weight")
                        && dict.has("adaln_single.linear.weight")
                ? Optional.of(Layout.DIFFUSERS)
                : Optional.empty();
    }
}
