package org.dit4j.model;

import java.nio.file.Path;
import java.util.Optional;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.CheckpointException;

/// Checkpoints of ControlNets of Hunyuan-DiT, as diffusers writes them.
public final class HunyuanDitControlNetCheckpoint {
    private static final CheckpointFamily<HunyuanDit.Config, HunyuanDitControlNet> FAMILY =
            new CheckpointFamily<>(
                    "a ControlNet of a Hunyuan-DiT",
                    dict ->
                            HunyuanDitLayouts.isControlNet(dict)
                                    ? Optional.of(Layout.DIFFUSERS)
                                    : Optional.empty(),
                    (dict, _) -> HunyuanDitLayouts.controlNet(dict),
                    HunyuanDitConfigs::readControlNet,
                    null,
                    HunyuanDitControlNet::new);

    private HunyuanDitControlNetCheckpoint() {}

    /// Opens a file or folder; the configuration is that of the `config.json` beside the weights.
    ///
    /// @throws CheckpointException if there is no such ControlNet at that path
    /// @throws ConfigException if the configuration is wrong or missing
    public static OpenCheckpoint<HunyuanDit.Config, HunyuanDitControlNet> open(Path path) {
        return FAMILY.open(path);
    }
}
