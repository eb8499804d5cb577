package org.dit4j.model;

import java.nio.file.Files;
import java.nio.file.Path;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.CheckpointException;
import org.dit4j.checkpoint.Checkpoints;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.checkpoint.StateDict;
import org.dit4j.model.LuminaDitLayouts.Layout;

/// An open checkpoint of a Flag-DiT or Next-DiT, of the original code or of diffusers.
///
/// @param tensors under the names of [LuminaDit]; closing them closes the file
/// @param config what the network is
/// @param layout how the file named them
public record LuminaDitCheckpoint(StateDict tensors, LuminaDit.Config config, Layout layout)
        implements AutoCloseable {
    /// Opens a file or folder; the configuration is that of the `config.json` beside the weights.
    ///
    /// @throws CheckpointException if there is no Flag-DiT or Next-DiT at that path
    /// @throws ConfigException if the configuration is wrong or missing
    public static LuminaDitCheckpoint open(Path path) {
        StateDict dict = StateDict.open(path);
        try {
            return of(dict);
        } catch (RuntimeException e) {
            dict.close();
            throw e;
        }
    }

    private static LuminaDitCheckpoint of(StateDict dict) {
        Layout layout =
                LuminaDitLayouts.find(dict)
                        .orElseThrow(() ->
                                new CheckpointException(
                                        dict.file()
                                                + ": is not a Flag-DiT or Next-DiT (its tensors"
                                                + " have other names)"));
        Path file = dict.file().resolveSibling("config.json");
        ConfigException.require(
                Files.isRegularFile(file),
                "%s: its numbers are not known; put a config.json beside it",
                dict.file());
        LuminaDit.Config config = LuminaDitConfigs.read(file);
        return new LuminaDitCheckpoint(LuminaDitLayouts.toOriginal(dict, layout), config, layout);
    }

    /// Builds the network, which takes the checkpoint over (see [Checkpoints#load]).
    ///
    /// @throws CheckpointException listing every tensor that does not fit
    public LuminaDit load(LoadOptions options) {
        return Checkpoints.load(tensors, options, source -> new LuminaDit(source, config));
    }

    @Override
    public void close() {
        tensors.close();
    }
}
