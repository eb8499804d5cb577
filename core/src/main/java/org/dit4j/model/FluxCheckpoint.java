package org.dit4j.model;

import java.nio.file.Files;
import java.nio.file.Path;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.CheckpointException;
import org.dit4j.checkpoint.Checkpoints;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.checkpoint.StateDict;
import org.dit4j.model.FluxLayouts.Layout;

/// An open checkpoint of a FLUX.1, of the original code or of diffusers, in one file or several.
///
/// @param tensors under the names of [Flux]; closing them closes the files
/// @param config what the network is
/// @param layout how the file named them
public record FluxCheckpoint(StateDict tensors, Flux.Config config, Layout layout)
        implements AutoCloseable {
    /// Opens a file or folder; the configuration is that of the `config.json` beside the weights,
    /// else it is read off the shapes, for heads of 128 channels.
    ///
    /// @throws CheckpointException if there is no FLUX.1 at that path
    /// @throws ConfigException if the configuration is wrong or missing
    public static FluxCheckpoint open(Path path) {
        StateDict dict = StateDict.open(path);
        try {
            return of(dict);
        } catch (RuntimeException e) {
            dict.close();
            throw e;
        }
    }

    private static FluxCheckpoint of(StateDict dict) {
        Layout layout =
                FluxLayouts.find(dict)
                        .orElseThrow(() ->
                                new CheckpointException(
                                        dict.file()
                                                + ": is not a FLUX.1 (its tensors have other"
                                                + " names)"));
        StateDict tensors = FluxLayouts.toOriginal(dict, layout);
        Path file = dict.file().resolveSibling("config.json");
        Flux.Config config =
                Files.isRegularFile(file) ? FluxConfigs.read(file) : new Sizes(tensors).config();
        return new FluxCheckpoint(tensors, config, layout);
    }

    /// Builds the network, which takes the checkpoint over (see [Checkpoints#load]).
    ///
    /// @throws CheckpointException listing every tensor that does not fit
    public Flux load(LoadOptions options) {
        return Checkpoints.load(tensors, options, source -> new Flux(source, config));
    }

    @Override
    public void close() {
        tensors.close();
    }

    /// What the shapes of the tensors tell.
    private record Sizes(StateDict tensors) {
        private static final int HEAD = 128;
        private static final String SCALE = "double_blocks.0.img_attn.norm.query_norm.scale";

        Flux.Config config() {
            ConfigException.require(
                    tensors.has(SCALE) && size(SCALE, 0) == HEAD,
                    "%s: its numbers are not known; put a config.json beside it",
                    tensors.file());
            int width = size("img_in.weight", 0);
            return new Flux.Config(
                    size("img_in.weight", 1),
                    size("final_layer.linear.weight", 0),
                    width,
                    count("double_blocks.%d.img_attn.qkv.weight"),
                    count("single_blocks.%d.linear1.weight"),
                    width / HEAD,
                    size("txt_in.weight", 1),
                    size("vector_in.in_layer.weight", 1),
                    FluxPresets.AXES,
                    tensors.has("guidance_in.in_layer.weight"));
        }

        private int count(String name) {
            int count = 0;
            while (tensors.has(name.formatted(count))) {
                count++;
            }
            return count;
        }

        private int size(String name, int axis) {
            long[] shape = tensors.entry(name).shape();
            ConfigException.require(
                    axis < shape.length && shape[axis] > 0 && shape[axis] <= 1 << 20,
                    "%s: %s has a wrong shape",
                    tensors.file(),
                    name);
            return (int) shape[axis];
        }
    }
}
