package org.dit4j.model;

import java.nio.file.Path;
import java.util.Optional;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.CheckpointException;

/// Checkpoints of ControlNets of MM-DiT, as diffusers writes them.
public final class MmDitControlNetCheckpoint {
    private static final CheckpointFamily<MmDitControlNet.Config, MmDitControlNet> FAMILY =
            new CheckpointFamily<>(
                    "a ControlNet of an MM-DiT",
                    dict ->
                            MmDitLayouts.isControlNet(dict)
                                    ? Optional.of(Layout.DIFFUSERS)
                                    : Optional.empty(),
                    (dict, _) -> MmDitLayouts.controlNet(dict),
                    MmDitConfigs::readControlNet,
                    null,
                    MmDitControlNet::new);

    private MmDitControlNetCheckpoint() {}

    /// Opens a file or folder; the configuration is that of the `config.json` beside the weights.
    ///
    /// @throws CheckpointException if there is no such ControlNet at that path
    /// @throws ConfigException if the configuration is wrong or missing
    public static OpenCheckpoint<MmDitControlNet.Config, MmDitControlNet> open(Path path) {
        return FAMILY.open(path);
    }
}
