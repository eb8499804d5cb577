package org.dit4j.text;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.nn.Activation;
import org.dit4j.nn.Init;
import org.dit4j.nn.LayerNorm;
import org.dit4j.nn.Linear;
import org.dit4j.nn.ParameterSource;
import org.dit4j.nn.Parameters;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;
import org.jspecify.annotations.Nullable;

/// The text side of CLIP (Radford et al. 2021, arXiv:2103.00020; transformers, `modeling_clip.py`):
/// causal attention, norms before each part; pooled is the state of the end mark.
public final class ClipText implements TokenEncoder {
    /// The end mark of the first published configurations, which no vocabulary has there: the token
    /// of the highest number is pooled instead.
    static final int LEGACY_END = 2;

    /// The sizes.
    ///
    /// @param vocabulary number of tokens V
    /// @param positions the most tokens of a text
    /// @param width D
    /// @param depth number of blocks
    /// @param heads heads of the attention, which divide D
    /// @param hidden width of the MLP
    /// @param activation of the MLP
    /// @param eps of the norms
    /// @param end the end mark, the first of which is pooled; 2 stands for the highest token
    /// @param projection width E of the projected state, 0 if there is none
    public record Config(
            int vocabulary,
            int positions,
            int width,
            int depth,
            int heads,
            int hidden,
            Activation activation,
            double eps,
            int end,
            int projection)
            implements TokenEncoder.Config {
        /// Checks the sizes.
        public Config {
            ConfigException.require(
                    vocabulary > 0 && positions > 0 && depth > 0 && hidden > 0 && projection >= 0,
                    "the sizes of a CLIP must be positive");
            ConfigException.require(
                    heads > 0 && width > 0 && width % heads == 0,
                    "hidden_size %d must be divisible by num_attention_heads %d",
                    width,
                    heads);
        }

        /// Returns this without the projection.
        Config withoutProjection() {
            return new Config(
                    vocabulary, positions, width, depth, heads, hidden, activation, eps, end, 0);
        }

        @Override
        public ClipText network(ParameterSource source) {
            return new ClipText(source, this);
        }
    }

    private final Config config;
    private final Tensor words;
    private final Tensor positions;
    private final List<ClipBlock> blocks = new ArrayList<>();
    private final LayerNorm norm;
    private final @Nullable Linear projection;
    private final Parameters parameters;

    /// Builds the network.
    public ClipText(ParameterSource source, Config config) {
        this.config = config;
        ParameterSource e = source.at("embeddings");
        Init init = Init.normal(0.02);
        words = e.parameter("token_embedding.weight", init, config.vocabulary, config.width);
        positions = e.parameter("position_embedding.weight", init, config.positions, config.width);
        for (int i = 0; i < config.depth; i++) {
            blocks.add(
                    ClipBlock.of(
                            source.at("encoder.layers." + i),
                            config.width,
                            config.heads,
                            config.hidden,
                            config.activation,
                            config.eps));
        }
        norm = source.layerNorm("final_layer_norm", config.width, config.eps);
        projection =
                config.projection > 0
                        ? source.linearWithoutBias(
                                "text_projection", config.width, config.projection)
                        : null;
        parameters = source.parameters();
    }

    @Override
    public EncodedTokens encode(Tensor ids, Tensor mask, Set<Integer> layers) {
        TokenInput.require(ids, mask, config.vocabulary, config.positions);
        try (var scope = TensorScope.open()) {
            Tensor x =
                    Ops.embedding(words, ids).add(positions.narrow(0, 0, ids.size(1))); // [B, N, D]
            Tensor added = TokenInput.causal(mask, 0, x);
            LayerStates states =
                    LayerStates.through(
                            x, config.depth, layers, (i, h) -> blocks.get(i).forward(h, added));
            Tensor last = norm.forward(states.last()); // [B, N, D]
            Tensor pooled = pooled(last, ids); // [B, D]
            return new EncodedTokens(
                            last,
                            states.kept(),
                            Optional.of(pooled),
                            Optional.ofNullable(projection).map(p -> p.forward(pooled)))
                    .promote(scope);
        }
    }

    /// Takes the first end mark of each text, or its first token if there is none.
    private Tensor pooled(Tensor last, Tensor ids) {
        int n = (int) ids.size(1);
        long[] all = Tensors.longs(ids);
        var rows = new long[all.length / n];
        for (int b = 0; b < rows.length; b++) {
            rows[b] = b * (long) n + end(java.util.Arrays.copyOfRange(all, b * n, (b + 1) * n));
        }
        return Ops.embedding(last.flatten(0, 1), Tensors.of(rows, rows.length));
    }

    private int end(long[] text) {
        int found = 0;
        for (int i = text.length - 1; i >= 0; i--) {
            boolean better =
                    config.end == LEGACY_END ? text[i] >= text[found] : text[i] == config.end;
            found = better ? i : found;
        }
        return found;
    }

    @Override
    public int width() {
        return config.width;
    }

    @Override
    public int depth() {
        return config.depth;
    }

    @Override
    public void close() {
        parameters.close();
    }
}
