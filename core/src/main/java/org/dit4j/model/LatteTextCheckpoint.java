package org.dit4j.model;

import java.nio.file.Files;
import java.nio.file.Path;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.CheckpointException;
import org.dit4j.checkpoint.Checkpoints;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.checkpoint.StateDict;

/// An open checkpoint of a text-conditional [LatteText].
///
/// @param tensors under the names of [LatteText]; closing them closes the file
/// @param config what the network is
public record LatteTextCheckpoint(StateDict tensors, LatteText.Config config)
        implements AutoCloseable {
    /// Opens a file or folder; the configuration is that of the `config.json` beside the weights.
    ///
    /// @throws CheckpointException if there is no such Latte at that path
    /// @throws ConfigException if the configuration is wrong or missing
    public static LatteTextCheckpoint open(Path path) {
        StateDict dict = StateDict.open(path);
        try {
            return of(dict);
        } catch (RuntimeException e) {
            dict.close();
            throw e;
        }
    }

    private static LatteTextCheckpoint of(StateDict dict) {
        if (!dict.has("temporal_transformer_blocks.0.attn1.to_q.weight")
                || !dict.has("adaln_single.linear.weight")) {
            throw new CheckpointException(
                    dict.file()
                            + ": is not a text-conditional Latte (its tensors have other names)");
        }
        Path file = dict.file().resolveSibling("config.json");
        ConfigException.require(
                Files.isRegularFile(file),
                "%s: its numbers are not known; put a config.json beside it",
                dict.file());
        return new LatteTextCheckpoint(dict, LatteTextConfigs.read(file));
    }

    /// Builds the network, which takes the checkpoint over (see [Checkpoints#load]).
    ///
    /// @throws CheckpointException listing every tensor that does not fit
    public LatteText load(LoadOptions options) {
        return Checkpoints.load(tensors, options, source -> new LatteText(source, config));
    }

    @Override
    public void close() {
        tensors.close();
    }
}
