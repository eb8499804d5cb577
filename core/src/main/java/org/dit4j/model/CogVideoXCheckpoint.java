package org.dit4j.model;

import java.nio.file.Files;
import java.nio.file.Path;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.CheckpointException;
import org.dit4j.checkpoint.Checkpoints;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.checkpoint.StateDict;

/// An open checkpoint of a [CogVideoX].
///
/// @param tensors under the names of [CogVideoX]; closing them closes the file
/// @param config what the network is
public record CogVideoXCheckpoint(StateDict tensors, CogVideoXConfig config)
        implements AutoCloseable {
    /// Opens a file or folder; the configuration is that of the `config.json` beside the weights.
    ///
    /// @throws CheckpointException if there is no CogVideoX at that path
    /// @throws ConfigException if the configuration is wrong or missing
    public static CogVideoXCheckpoint open(Path path) {
        StateDict dict = StateDict.open(path);
        try {
            return of(dict);
        } catch (RuntimeException e) {
            dict.close();
            throw e;
        }
    }

    private static CogVideoXCheckpoint of(StateDict dict) {
        if (!dict.has("patch_embed.text_proj.weight")
                || !dict.has("transformer_blocks.0.norm1.linear.weight")) {
            throw new CheckpointException(
                    dict.file() + ": is not a CogVideoX (its tensors have other names)");
        }
        Path file = dict.file().resolveSibling("config.json");
        ConfigException.require(
                Files.isRegularFile(file),
                "%s: its numbers are not known; put a config.json beside it",
                dict.file());
        return new CogVideoXCheckpoint(dict, CogVideoXConfigs.read(file));
    }

    /// Builds the network, which takes the checkpoint over (see [Checkpoints#load]).
    ///
    /// @throws CheckpointException listing every tensor that does not fit
    public CogVideoX load(LoadOptions options) {
        return Checkpoints.load(tensors, options, source -> new CogVideoX(source, config));
    }

    @Override
    public void close() {
        tensors.close();
    }
}
