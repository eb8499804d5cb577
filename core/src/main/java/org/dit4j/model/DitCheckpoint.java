package org.dit4j.model;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.CheckpointException;
import org.dit4j.checkpoint.Checkpoints;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.checkpoint.StateDict;
import org.dit4j.model.Dit.BlockType;
import org.dit4j.model.Dit.Variant;
import org.dit4j.model.DitLayouts.Layout;
import org.jspecify.annotations.Nullable;

/// An open checkpoint of a DiT or SiT, of the original code or of diffusers.
///
/// @param tensors under the names of [Dit] as [#open] gives them; closing them closes the file
/// @param config what the network is
/// @param layout how the file named them
public record DitCheckpoint(StateDict tensors, Dit.Config config, Layout layout)
        implements AutoCloseable {
    /// Opens a file, a folder with `config.json`, or a diffusers pipeline's folder, whose
    /// `transformer` is taken.
    ///
    /// The configuration is the one in a file that this program converted, else that of the
    /// `config.json` beside the weights, else it is read off the shapes, where a standard width and
    /// depth give the number of heads.
    ///
    /// @param weights entry of a training checkpoint; null for its averaged weights
    /// @throws CheckpointException if there is no DiT at that path
    /// @throws ConfigException if the configuration is wrong or cannot be found out
    public static DitCheckpoint open(Path path, @Nullable String weights) {
        StateDict dict = weights == null ? StateDict.open(path) : StateDict.open(path, weights);
        try {
            return of(dict);
        } catch (RuntimeException e) {
            dict.close();
            throw e;
        }
    }

    /// Recognises an open checkpoint and takes it over.
    ///
    /// @throws CheckpointException if it is no DiT
    public static DitCheckpoint of(StateDict dict) {
        Layout layout =
                DitLayouts.find(dict)
                        .orElseThrow(() ->
                                new CheckpointException(
                                        dict.file()
                                                + ": is not a DiT (its tensors have other names)"));
        StateDict tensors =
                layout == Layout.DIFFUSERS ? DitLayouts.FROM_DIFFUSERS.apply(dict) : dict;
        try {
            return new DitCheckpoint(tensors, config(tensors, layout), layout);
        } catch (RuntimeException e) {
            tensors.close();
            throw e;
        }
    }

    /// Opens a checkpoint; of a training checkpoint the averaged weights.
    public static DitCheckpoint open(Path path) {
        return open(path, null);
    }

    /// Returns the same tensors with another configuration.
    public DitCheckpoint with(Dit.Config other) {
        return new DitCheckpoint(tensors, other, layout);
    }

    /// Builds the network, which takes the checkpoint over (see [Checkpoints#load]).
    ///
    /// @throws CheckpointException listing every tensor that does not fit
    public Dit load(LoadOptions options) {
        return Checkpoints.load(tensors, options, source -> new Dit(source, config));
    }

    @Override
    public void close() {
        tensors.close();
    }

    private static Dit.Config config(StateDict tensors, Layout layout) {
        String own = tensors.metadata().get(DitLayouts.CONFIG);
        if (own != null) {
            return DitLayouts.config(own, tensors.file());
        }
        Path file = tensors.file().resolveSibling("config.json");
        return Files.isRegularFile(file) ? DitConfigs.read(file) : ofItself(tensors, layout);
    }

    private static Dit.Config ofItself(StateDict tensors, Layout layout) {
        String model = tensors.metadata().getOrDefault("args.model", "");
        Variant variant =
                layout == Layout.DIFFUSERS
                        ? Variant.DIFFUSERS
                        : model.startsWith("SiT-") ? Variant.SIT : Variant.ORIGINAL;
        return new Sizes(tensors).config(variant);
    }

    /// What the shapes of the tensors tell.
    private record Sizes(StateDict tensors) {
        Dit.Config config(Variant base) {
            long[] patch = shape("x_embedder.proj.weight", 4); // [D, C, P, P]
            int width = (int) patch[0];
            int channels = (int) patch[1];
            int side = (int) patch[2];
            int depth = depth();
            String labels =
                    base.perBlockEmbedders()
                            ? "blocks.0.y_embedder.embedding_table.weight"
                            : "y_embedder.embedding_table.weight";
            return new Dit.Config(
                    inputSize(side),
                    side,
                    channels,
                    width,
                    depth,
                    heads(width, depth),
                    (double) shape("blocks.0.mlp.fc1.weight", 2)[0] / width,
                    0.1,
                    (int) shape(labels, 2)[0] - 1,
                    shape("final_layer.linear.weight", 2)[0] == 2L * side * side * channels,
                    base.withBlock(block(width))
                            .withQkNorm(tensors.has("blocks.0.attn.q_norm.weight")));
        }

        private long[] shape(String name, int axes) {
            long[] shape = tensors.entry(name).shape();
            for (long size : shape) {
                ConfigException.require(
                        size <= 1 << 20, "%s: %s is too large", tensors.file(), name);
            }
            ConfigException.require(
                    shape.length == axes && shape[0] > 0,
                    "%s: %s must have %d axes",
                    tensors.file(),
                    name,
                    axes);
            return shape;
        }

        private int depth() {
            int depth = 0;
            while (tensors.has("blocks." + depth + ".attn.qkv.weight")) {
                depth++;
            }
            return depth;
        }

        private int inputSize(int patch) {
            if (!tensors.has("pos_embed")) {
                throw new ConfigException(
                        tensors.file()
                                + ": the size of its latents is not known; put a config.json beside"
                                + " it");
            }
            return patch * (int) Math.round(Math.sqrt(shape("pos_embed", 3)[1]));
        }

        private BlockType block(int width) {
            if (tensors.names().stream().anyMatch(n -> n.startsWith("blocks.0.cross_attn."))) {
                return BlockType.CROSS_ATTENTION;
            }
            String modulation = "blocks.0.adaLN_modulation.1.weight";
            if (!tensors.has(modulation)) {
                return BlockType.IN_CONTEXT;
            }
            return shape(modulation, 2)[0] == 4L * width ? BlockType.ADALN : BlockType.ADALN_ZERO;
        }

        private int heads(int width, int depth) {
            if (tensors.has("blocks.0.attn.q_norm.weight")) {
                return width / (int) shape("blocks.0.attn.q_norm.weight", 1)[0];
            }
            Optional<Dit.Config> standard =
                    DitPresets.names().stream()
                            .map(name -> DitPresets.of(name, 32))
                            .filter(p -> p.hiddenSize() == width && p.depth() == depth)
                            .findFirst();
            return standard.orElseThrow(() ->
                            new ConfigException(
                                    "%s: its number of heads is not known (width %d and depth %d are of no standard size); put a config.json beside it"
                                            .formatted(tensors.file(), width, depth)))
                    .numHeads();
        }
    }
}
