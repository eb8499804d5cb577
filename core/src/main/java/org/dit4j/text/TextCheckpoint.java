package org.dit4j.text;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.CheckpointException;
import org.dit4j.checkpoint.Checkpoints;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.checkpoint.StateDict;

/// An open checkpoint of a text encoder in the layout of transformers, as pipelines hold it in
/// `text_encoder`.
///
/// ```java
/// try (TokenEncoder t5 = TextCheckpoint.open(folder).load(LoadOptions.inference())) { ... }
/// ```
///
/// Published folders put different prefixes before the names, according to the class that was
/// saved, and may hold what no encoder needs: decoders, heads, tables of position numbers.
///
/// @param tensors under the names of the network; closing them closes the file
/// @param config what the network is
public record TextCheckpoint(StateDict tensors, TokenEncoder.Config config)
        implements AutoCloseable {
    private static final List<String> NOT_ENCODER =
            List.of("decoder.", "lm_head.", "cls.", "embeddings.position_ids", "logit_scale");

    /// Opens a file or folder; the configuration is that of the `config.json` beside the weights.
    ///
    /// @throws CheckpointException if there is no checkpoint at that path
    /// @throws ConfigException if the configuration is wrong or missing
    public static TextCheckpoint open(Path path) {
        StateDict dict = StateDict.open(path);
        try {
            Path file = dict.file().resolveSibling("config.json");
            ConfigException.require(
                    Files.isRegularFile(file),
                    "%s: which network it is is not known; put a config.json beside it",
                    dict.file());
            return of(dict, TextConfigs.read(file));
        } catch (RuntimeException e) {
            dict.close();
            throw e;
        }
    }

    private static TextCheckpoint of(StateDict dict, TokenEncoder.Config config) {
        return switch (config) {
            case Bert.Config c -> {
                StateDict tensors = named(dict, "bert.");
                boolean pooler = tensors.has("pooler.dense.weight");
                yield new TextCheckpoint(tensors, c.withPooler(pooler));
            }
            case ClipText.Config c -> {
                StateDict tensors = named(dict, "text_model.");
                boolean projection = tensors.has("text_projection.weight");
                yield new TextCheckpoint(tensors, projection ? c : c.withoutProjection());
            }
            case T5Encoder.Config c -> new TextCheckpoint(t5(dict), c);
            case CausalTransformer.Config c -> new TextCheckpoint(named(dict, "model."), c);
        };
    }

    /// The table of words is stored under one of two names, or both.
    private static StateDict t5(StateDict dict) {
        String copy = "encoder.embed_tokens.weight";
        StateDict named = named(dict, "");
        return named.has("shared.weight")
                ? named.without(copy)
                : named.renamed(name -> name.equals(copy) ? "shared.weight" : name);
    }

    private static StateDict named(StateDict dict, String prefix) {
        StateDict tensors =
                dict.renamed(
                        name -> name.startsWith(prefix) ? name.substring(prefix.length()) : name);
        for (String name : List.copyOf(tensors.names())) {
            boolean table = name.endsWith("rotary_emb.inv_freq");
            if (table || NOT_ENCODER.stream().anyMatch(name::startsWith)) {
                tensors = tensors.without(name);
            }
        }
        return tensors;
    }

    /// Builds the network, which takes the checkpoint over (see [Checkpoints#load]).
    ///
    /// @throws CheckpointException listing every tensor that does not fit
    public TokenEncoder load(LoadOptions options) {
        return Checkpoints.load(tensors, options, config::network);
    }

    @Override
    public void close() {
        tensors.close();
    }
}
