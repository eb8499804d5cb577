package org.dit4j.model;

import java.nio.file.Files;
import java.nio.file.Path;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.CheckpointException;
import org.dit4j.checkpoint.Checkpoints;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.checkpoint.StateDict;
import org.dit4j.model.PixArtLayouts.Layout;

/// An open checkpoint of a PixArt, of the original code or of diffusers.
///
/// @param tensors under the names of [PixArt]; closing them closes the file
/// @param config what the network is
/// @param layout how the file named them
public record PixArtCheckpoint(StateDict tensors, PixArt.Config config, Layout layout)
        implements AutoCloseable {
    /// Opens a file or folder; the configuration is that of the `config.json` beside the weights.
    ///
    /// @throws CheckpointException if there is no PixArt at that path
    /// @throws ConfigException if the configuration is wrong or missing
    public static PixArtCheckpoint open(Path path) {
        StateDict dict = StateDict.open(path);
        try {
            return of(dict);
        } catch (RuntimeException e) {
            dict.close();
            throw e;
        }
    }

    private static PixArtCheckpoint of(StateDict dict) {
        Layout layout =
                PixArtLayouts.find(dict)
                        .orElseThrow(() ->
                                new CheckpointException(
                                        dict.file()
                                                + ": is not a PixArt (its tensors"
                                                + " have other names)"));
        Path file = dict.file().resolveSibling("config.json");
        ConfigException.require(
                Files.isRegularFile(file),
                "%s: its numbers are not known; put a config.json beside it",
                dict.file());
        PixArt.Config config = PixArtConfigs.read(file);
        return new PixArtCheckpoint(PixArtLayouts.toOriginal(dict, layout), config, layout);
    }

    /// Builds the network, which takes the checkpoint over (see [Checkpoints#load]).
    ///
    /// @throws CheckpointException listing every tensor that does not fit
    public PixArt load(LoadOptions options) {
        return Checkpoints.load(tensors, options, source -> new PixArt(source, config));
    }

    @Override
    public void close() {
        tensors.close();
    }
}
