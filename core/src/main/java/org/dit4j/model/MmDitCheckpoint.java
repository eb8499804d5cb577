package org.dit4j.model;

import java.nio.file.Path;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.CheckpointException;
import org.dit4j.checkpoint.StateDict;
import org.dit4j.model.MmDit.HeadNorm;

/// Checkpoints of MM-DiT, of the original code or of diffusers.
public final class MmDitCheckpoint {
    static final CheckpointFamily<MmDit.Config, MmDit> FAMILY =
            new CheckpointFamily<>(
                    "an MM-DiT",
                    MmDitLayouts::find,
                    MmDitLayouts::original,
                    MmDitConfigs::read,
                    tensors -> new Sizes(tensors).config(),
                    MmDit::new,
                    MmDitLayouts::toDiffusers);

    private MmDitCheckpoint() {}

    /// Opens a file or folder; the configuration is that of the `config.json` beside the weights,
    /// else it is read off the shapes, as the original code does.
    ///
    /// @throws CheckpointException if there is no MM-DiT at that path
    /// @throws ConfigException if the configuration is wrong
    public static OpenCheckpoint<MmDit.Config, MmDit> open(Path path) {
        return FAMILY.open(path);
    }

    /// What the shapes of the tensors tell.
    private record Sizes(StateDict tensors) {
        private static final String BLOCK = "joint_blocks.%d.x_block.%s";

        /// Height and width of the latents of 1024 pixels, for which all networks were published.
        private static final int INPUT_SIZE = 128;

        /// Channels of a head of all published networks.
        private static final int HEAD = 64;

        MmDit.Config config() {
            long[] patch = shape("x_embedder.proj.weight", 4); // [D, C, P, P]
            int width = (int) patch[0];
            int side = (int) patch[2];
            int depth = MmDitLayouts.depth(tensors);
            long outputs = shape("final_layer.linear.weight", 2)[0] / ((long) side * side);
            return new MmDit.Config(
                    INPUT_SIZE,
                    side,
                    (int) patch[1],
                    (int) outputs,
                    width,
                    depth,
                    width / headWidth(),
                    (int) shape("context_embedder.weight", 2)[1],
                    (int) shape("y_embedder.mlp.0.weight", 2)[1],
                    (int) Math.round(Math.sqrt(shape("pos_embed", 3)[1])),
                    norm(),
                    dual(depth));
        }

        private int headWidth() {
            return norm() == HeadNorm.NONE ? HEAD : (int) shape(first("attn.ln_q.weight"), 1)[0];
        }

        private HeadNorm norm() {
            if (!tensors.has(first("attn.ln_q.weight"))) {
                return HeadNorm.NONE;
            }
            return tensors.has(first("attn.ln_q.bias")) ? HeadNorm.LAYER : HeadNorm.RMS;
        }

        private static String first(String name) {
            return BLOCK.formatted(0, name);
        }

        private Set<Integer> dual(int depth) {
            return IntStream.range(0, depth)
                    .filter(i -> tensors.has(BLOCK.formatted(i, "attn2.qkv.weight")))
                    .boxed()
                    .collect(Collectors.toSet());
        }

        private long[] shape(String name, int axes) {
            long[] shape = tensors.entry(name).shape();
            ConfigException.require(
                    shape.length == axes, "%s: %s must have %d axes", tensors.file(), name, axes);
            for (long size : shape) {
                ConfigException.require(
                        size > 0 && size <= 1 << 20,
                        "%s: %s has an axis of %d",
                        tensors.file(),
                        name,
                        size);
            }
            return shape;
        }
    }
}
