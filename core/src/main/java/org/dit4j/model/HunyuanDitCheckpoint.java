package org.dit4j.model;

import java.nio.file.Files;
import java.nio.file.Path;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.CheckpointException;
import org.dit4j.checkpoint.Checkpoints;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.checkpoint.StateDict;
import org.dit4j.model.HunyuanDitLayouts.Layout;

/// An open checkpoint of a Hunyuan-DiT, of the original code or of diffusers.
///
/// @param tensors under the names of [HunyuanDit]; closing them closes the file
/// @param config what the network is
/// @param layout how the file named them
public record HunyuanDitCheckpoint(StateDict tensors, HunyuanDit.Config config, Layout layout)
        implements AutoCloseable {
    /// Opens a file or folder; the configuration is that of the `config.json` beside the weights.
    ///
    /// @throws CheckpointException if there is no Hunyuan-DiT at that path
    /// @throws ConfigException if the configuration is wrong or missing
    public static HunyuanDitCheckpoint open(Path path) {
        StateDict dict = StateDict.open(path);
        try {
            return of(dict);
        } catch (RuntimeException e) {
            dict.close();
            throw e;
        }
    }

    private static HunyuanDitCheckpoint of(StateDict dict) {
        Layout layout =
                HunyuanDitLayouts.find(dict)
                        .orElseThrow(() ->
                                new CheckpointException(
                                        dict.file()
                                                + ": is not a Hunyuan-DiT (its tensors have other"
                                                + " names)"));
        Path file = dict.file().resolveSibling("config.json");
        ConfigException.require(
                Files.isRegularFile(file),
                "%s: its number of heads is not known; put a config.json beside it",
                dict.file());
        HunyuanDit.Config config = HunyuanDitConfigs.read(file);
        StateDict tensors =
                layout == Layout.DIFFUSERS ? HunyuanDitLayouts.fromDiffusers(dict) : dict;
        return new HunyuanDitCheckpoint(tensors, config, layout);
    }

    /// Returns the same tensors with another configuration.
    public HunyuanDitCheckpoint with(HunyuanDit.Config other) {
        return new HunyuanDitCheckpoint(tensors, other, layout);
    }

    /// Builds the network, which takes the checkpoint over (see [Checkpoints#load]).
    ///
    /// @throws CheckpointException listing every tensor that does not fit
    public HunyuanDit load(LoadOptions options) {
        return Checkpoints.load(tensors, options, source -> new HunyuanDit(source, config));
    }

    @Override
    public void close() {
        tensors.close();
    }
}
