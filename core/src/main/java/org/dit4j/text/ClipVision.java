package org.dit4j.text;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.Checkpoints;
import org.dit4j.checkpoint.JsonFields;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.checkpoint.StateDict;
import org.dit4j.nn.Activation;
import org.dit4j.nn.Init;
import org.dit4j.nn.LayerNorm;
import org.dit4j.nn.ParameterSource;
import org.dit4j.nn.Parameters;
import org.dit4j.nn.Patches;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Shapes;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;
import tools.jackson.databind.JsonNode;

/// The picture side of CLIP (Radford et al. 2021, arXiv:2103.00020; transformers,
/// `modeling_clip.py`): a token of its own stands before those of the patches.
///
/// Thread-safe: parameters are only read.
public final class ClipVision implements AutoCloseable {
    private static final int COLOURS = 3;
    private static final String PREFIX = "vision_model.";

    /// What no encoder of pictures needs.
    private static final Set<String> NOT_ENCODER =
            Set.of("embeddings.position_ids", "visual_projection.weight");

    /// The sizes.
    ///
    /// @param imageSize height and width of the pictures S
    /// @param patchSize of the patches P, which divides S
    /// @param width D
    /// @param depth number of blocks
    /// @param heads heads of the attention, which divide D
    /// @param hidden width of the MLP
    /// @param activation of the MLP
    /// @param eps of the norms
    public record Config(
            int imageSize,
            int patchSize,
            int width,
            int depth,
            int heads,
            int hidden,
            Activation activation,
            double eps) {
        /// Checks the sizes.
        public Config {
            ConfigException.require(
                    patchSize > 0 && imageSize > 0 && imageSize % patchSize == 0,
                    "image_size %d must be divisible by patch_size %d",
                    imageSize,
                    patchSize);
            ConfigException.require(
                    depth > 0 && hidden > 0 && eps > 0,
                    "num_hidden_layers, intermediate_size and layer_norm_eps must be positive but are %d, %d and %s",
                    depth,
                    hidden,
                    eps);
            ConfigException.require(
                    heads > 0 && width > 0 && width % heads == 0,
                    "hidden_size %d must be divisible by num_attention_heads %d",
                    width,
                    heads);
        }

        /// Reads `config.json` as `save_pretrained` of transformers writes it.
        ///
        /// @param where the file it came from, for messages
        /// @throws ConfigException in one line with the file and the key
        public static Config parse(JsonNode json, Object where) {
            var fields = new JsonFields(json, where);
            TextConfigs.ignoreBookkeeping(fields);
            fields.ignore("projection_dim");
            fields.require("model_type", "clip_vision_model");
            fields.require("num_channels", COLOURS);
            var config =
                    new Config(
                            fields.integer("image_size", 224),
                            fields.integer("patch_size", 32),
                            fields.integer("hidden_size"),
                            fields.integer("num_hidden_layers"),
                            fields.integer("num_attention_heads"),
                            fields.integer("intermediate_size"),
                            TextConfigs.activation(fields.text("hidden_act", "quick_gelu")),
                            fields.number("layer_norm_eps", 1e-5));
            fields.noOthers();
            return config;
        }

        /// Returns the number of tokens of a picture, N.
        public int tokens() {
            int side = imageSize / patchSize;
            return side * side + 1;
        }
    }

    private final Config config;
    private final Tensor first; // [D]
    private final Tensor patches; // [D, 3, P, P]
    private final Tensor positions; // [N, D]
    private final LayerNorm before;
    private final List<ClipBlock> blocks = new ArrayList<>();
    private final Parameters parameters;

    /// Builds the network from named parameters.
    public ClipVision(ParameterSource source, Config config) {
        this.config = config;
        int d = config.width;
        int p = config.patchSize;
        Init init = Init.normal(0.02);
        ParameterSource e = source.at("embeddings");
        first = e.parameter("class_embedding", init, d);
        patches = e.parameter("patch_embedding.weight", init, d, COLOURS, p, p);
        positions = e.parameter("position_embedding.weight", init, config.tokens(), d);
        before = source.layerNorm("pre_layrnorm", d, config.eps);
        for (int i = 0; i < config.depth; i++) {
            blocks.add(
                    ClipBlock.of(
                            source.at("encoder.layers." + i),
                            d,
                            config.heads,
                            config.hidden,
                            config.activation,
                            config.eps));
        }
        source.layerNorm("post_layernorm", d, config.eps); // of the pooled state alone
        parameters = source.parameters();
    }

    /// Reads `config.json` and the checkpoint of a folder that transformers wrote.
    ///
    /// @throws ConfigException if the configuration is not that of a `CLIPVisionModel`
    /// @throws org.dit4j.checkpoint.CheckpointException if the checkpoint does not fit
    public static ClipVision load(Path folder, LoadOptions options) {
        Path file = folder.resolve("config.json");
        Config config = Config.parse(JsonFile.tree(file), file);
        StateDict tensors =
                StateDict.open(folder)
                        .renamed(n -> n.startsWith(PREFIX) ? n.substring(PREFIX.length()) : n);
        for (String name : NOT_ENCODER) {
            tensors = tensors.has(name) ? tensors.without(name) : tensors;
        }
        return Checkpoints.load(tensors, options, source -> new ClipVision(source, config));
    }

    /// Returns the configuration.
    public Config config() {
        return config;
    }

    /// Returns all parameters, which live as long as the network.
    public Parameters parameters() {
        return parameters;
    }

    /// Returns what the last block but one hands on.
    ///
    /// @param x `[B, 3, S, S]`, normalised as in the training
    /// @return states `[B, N, D]` in the caller's scope, not normed
    /// @throws org.dit4j.tensor.ShapeException if a shape does not fit
    public Tensor penultimate(Tensor x) {
        return TensorScope.fold(embed(x), blocks.subList(0, config.depth - 1), this::apply);
    }

    private Tensor apply(Tensor x, ClipBlock block) {
        Tensor all = Ops.like(Tensors.zeros(Dtype.FLOAT32, 1, 1, 1, x.size(1)), x);
        return block.forward(x, all); // [B, N, D]
    }

    private Tensor embed(Tensor x) {
        int s = config.imageSize;
        Shapes.require(x, "x", Shapes.ANY, COLOURS, s, s);
        return TensorScope.compute(() -> {
            Tensor cut = Patches.patchify(Ops.like(x, patches), config.patchSize);
            Tensor seen = Ops.linear(cut, patches.flatten(1, -1), null); // [B, N - 1, D]
            Tensor own = first.expand(x.size(0), 1, -1);
            return before.forward(Ops.cat(1, own, seen).add(positions)); // [B, N, D]
        });
    }

    @Override
    public void close() {
        parameters.close();
    }
}
