package org.dit4j.model;

import java.nio.file.Path;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.CheckpointException;
import org.dit4j.checkpoint.StateDict;

/// Checkpoints of FLUX.1, of the original code or of diffusers, in one file or several.
public final class FluxCheckpoint {
    static final CheckpointFamily<Flux.Config, Flux> FAMILY =
            new CheckpointFamily<>(
                    "a FLUX.1",
                    FluxLayouts::find,
                    FluxLayouts::toOriginal,
                    FluxConfigs::read,
                    tensors -> new Sizes(tensors).config(),
                    Flux::new,
                    FluxLayouts::toDiffusers);

    private FluxCheckpoint() {}

    /// Opens a file or folder; the configuration is that of the `config.json` beside the weights,
    /// else it is read off the shapes, for heads of 128 channels.
    ///
    /// @throws CheckpointException if there is no FLUX.1 at that path
    /// @throws ConfigException if the configuration is wrong or missing
    public static OpenCheckpoint<Flux.Config, Flux> open(Path path) {
        return FAMILY.open(path);
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
