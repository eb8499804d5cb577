package org.dit4j.model;

import java.nio.file.Path;
import java.util.Optional;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.CheckpointException;
import org.dit4j.checkpoint.StateDict;

/// Checkpoints of [StableAudio], of diffusers.
public final class StableAudioCheckpoint {
    private static final CheckpointFamily<StableAudio.Config, StableAudio> FAMILY =
            new CheckpointFamily<>(
                    "a Stable Audio of diffusers",
                    StableAudioCheckpoint::layout,
                    (dict, _) -> dict,
                    StableAudioConfigs::read,
                    null,
                    StableAudio::new);

    private StableAudioCheckpoint() {}

    /// Opens a file or folder; the configuration is that of the `config.json` beside the weights.
    ///
    /// @throws CheckpointException if there is no Stable Audio at that path
    /// @throws ConfigException if the configuration is wrong or missing
    public static OpenCheckpoint<StableAudio.Config, StableAudio> open(Path path) {
        return FAMILY.open(path);
    }

    private static Optional<Layout> layout(StateDict dict) {
        return dict.has("global_proj.0.weight")
                        && dict.has("timestep_proj.0.weight")
                        && dict.has("preprocess_conv.weight")
                ? Optional.of(Layout.DIFFUSERS)
                : Optional.empty();
    }
}
