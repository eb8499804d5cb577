package org.dit4j.model;

import java.nio.file.Path;
import java.util.Optional;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.CheckpointException;
import org.dit4j.checkpoint.StateDict;

/// Checkpoints of [CogVideoX].
public final class CogVideoXCheckpoint {
    private static final CheckpointFamily<CogVideoXConfig, CogVideoX> FAMILY =
            new CheckpointFamily<>(
                    "a CogVideoX",
                    CogVideoXCheckpoint::layout,
                    (dict, _) -> dict,
                    CogVideoXConfigs::read,
                    null,
                    CogVideoX::new);

    private CogVideoXCheckpoint() {}

    /// Opens a file or folder; the configuration is that of the `config.json` beside the weights.
    ///
    /// @throws CheckpointException if there is no CogVideoX at that path
    /// @throws ConfigException if the configuration is wrong or missing
    public static OpenCheckpoint<CogVideoXConfig, CogVideoX> open(Path path) {
        return FAMILY.open(path);
    }

    private static Optional<Layout> layout(StateDict dict) {
        return dict.has("patch_embed.text_proj.weight")
                        && dict.has("transformer_blocks.0.norm1.linear.weight")
                ? Optional.of(Layout.DIFFUSERS)
                : Optional.empty();
    }
}
