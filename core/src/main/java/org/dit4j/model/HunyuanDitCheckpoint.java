package org.dit4j.model;

import java.nio.file.Path;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.CheckpointException;

/// Checkpoints of Hunyuan-DiT, of the original code or of diffusers.
public final class HunyuanDitCheckpoint {
    static final CheckpointFamily<HunyuanDit.Config, HunyuanDit> FAMILY =
            new CheckpointFamily<>(
                    "a Hunyuan-DiT",
                    HunyuanDitLayouts::find,
                    (dict, layout) ->
                            layout == Layout.DIFFUSERS
                                    ? HunyuanDitLayouts.fromDiffusers(dict)
                                    : dict,
                    HunyuanDitConfigs::read,
                    null,
                    HunyuanDit::new,
                    HunyuanDitLayouts::toDiffusers);

    private HunyuanDitCheckpoint() {}

    /// Opens a file or folder; the configuration is that of the `config.json` beside the weights.
    ///
    /// @throws CheckpointException if there is no Hunyuan-DiT at that path
    /// @throws ConfigException if the configuration is wrong or missing
    public static OpenCheckpoint<HunyuanDit.Config, HunyuanDit> open(Path path) {
        return FAMILY.open(path);
    }
}
