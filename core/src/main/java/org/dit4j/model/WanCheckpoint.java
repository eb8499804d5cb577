package org.dit4j.model;

import java.nio.file.Files;
import java.nio.file.Path;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.CheckpointException;
import org.dit4j.checkpoint.Checkpoints;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.checkpoint.StateDict;
import org.dit4j.model.WanLayouts.Layout;

/// An open checkpoint of a Wan, of the original code or of diffusers.
///
/// @param tensors under the names of [Wan]; closing them closes the file
/// @param config what the network is
/// @param layout how the file named them
public record WanCheckpoint(StateDict tensors, Wan.Config config, Layout layout)
        implements AutoCloseable {
    /// Opens a file or folder; the configuration is that of the `config.json` beside the weights.
    ///
    /// @throws CheckpointException if there is no Wan at that path
    /// @throws ConfigException if the configuration is wrong or missing
    public static WanCheckpoint open(Path path) {
        StateDict dict = StateDict.open(path);
        try {
            return of(dict);
        } catch (RuntimeException e) {
            dict.close();
            throw e;
        }
    }

    private static WanCheckpoint of(StateDict dict) {
        Layout layout =
                WanLayouts.find(dict)
                        .orElseThrow(() ->
                                new CheckpointException(
                                        dict.file()
                                                + ": is not a Wan (its tensors"
                                                + " have other names)"));
        Path file = dict.file().resolveSibling("config.json");
        ConfigException.require(
                Files.isRegularFile(file),
                "%s: its numbers are not known; put a config.json beside it",
                dict.file());
        Wan.Config config = WanConfigs.read(file);
        return new WanCheckpoint(WanLayouts.toOriginal(dict, layout), config, layout);
    }

    /// Builds the network, which takes the checkpoint over (see [Checkpoints#load]).
    ///
    /// @throws CheckpointException listing every tensor that does not fit
    public Wan load(LoadOptions options) {
        return Checkpoints.load(tensors, options, source -> new Wan(source, config));
    }

    @Override
    public void close() {
        tensors.close();
    }
}
