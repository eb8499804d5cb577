package org.dit4j.model;

import java.nio.file.Files;
import java.nio.file.Path;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.CheckpointException;
import org.dit4j.checkpoint.Checkpoints;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.checkpoint.StateDict;
import org.dit4j.model.Lumina2Layouts.Layout;

/// An open checkpoint of a Lumina 2, of the original code or of diffusers.
///
/// @param tensors under the names of [Lumina2]; closing them closes the file
/// @param config what the network is
/// @param layout how the file named them
public record Lumina2Checkpoint(StateDict tensors, Lumina2.Config config, Layout layout)
        implements AutoCloseable {
    /// Opens a file or folder; the configuration is that of the `config.json` beside the weights.
    ///
    /// @throws CheckpointException if there is no Lumina 2 at that path
    /// @throws ConfigException if the configuration is wrong or missing
    public static Lumina2Checkpoint open(Path path) {
        StateDict dict = StateDict.open(path);
        try {
            return of(dict);
        } catch (RuntimeException e) {
            dict.close();
            throw e;
        }
    }

    private static Lumina2Checkpoint of(StateDict dict) {
        Layout layout =
                Lumina2Layouts.find(dict)
                        .orElseThrow(() ->
                                new CheckpointException(
                                        dict.file()
                                                + ": is not a Lumina 2 (its tensors"
                                                + " have other names)"));
        Path file = dict.file().resolveSibling("config.json");
        ConfigException.require(
                Files.isRegularFile(file),
                "%s: its numbers are not known; put a config.json beside it",
                dict.file());
        Lumina2.Config config = Lumina2Configs.read(file);
        return new Lumina2Checkpoint(Lumina2Layouts.toOriginal(dict, layout), config, layout);
    }

    /// Builds the network, which takes the checkpoint over (see [Checkpoints#load]).
    ///
    /// @throws CheckpointException listing every tensor that does not fit
    public Lumina2 load(LoadOptions options) {
        return Checkpoints.load(tensors, options, source -> new Lumina2(source, config));
    }

    @Override
    public void close() {
        tensors.close();
    }
}
