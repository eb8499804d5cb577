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
import org.jspecify.annotations.Nullable;

/// BERT (Devlin et al. 2019, arXiv:1810.04805; transformers, `modeling_bert.py`): attention in both
/// directions, norms after each sum. The first encoder of Hunyuan-DiT is one.
public final class Bert implements TokenEncoder {
    /// The sizes.
    ///
    /// @param vocabulary number of tokens V
    /// @param positions the most tokens of a text
    /// @param types number of token types
    /// @param width D
    /// @param depth number of blocks
    /// @param heads heads of the attention, which divide D
    /// @param hidden width of the MLP
    /// @param activation of the MLP
    /// @param eps of the norms
    /// @param pooler whether there is a pooled state
    public record Config(
            int vocabulary,
            int positions,
            int types,
            int width,
            int depth,
            int heads,
            int hidden,
            Activation activation,
            double eps,
            boolean pooler)
            implements TokenEncoder.Config {
        /// Checks the sizes.
        public Config {
            ConfigException.require(
                    vocabulary > 0 && positions > 0 && types > 0 && depth > 0 && hidden > 0,
                    "the sizes of a BERT must be positive");
            ConfigException.require(
                    heads > 0 && width > 0 && width % heads == 0,
                    "hidden_size %d must be divisible by num_attention_heads %d",
                    width,
                    heads);
        }

        /// Returns this with or without a pooled state.
        Config withPooler(boolean there) {
            return new Config(
                    vocabulary,
                    positions,
                    types,
                    width,
                    depth,
                    heads,
                    hidden,
                    activation,
                    eps,
                    there);
        }

        @Override
        public Bert network(ParameterSource source) {
            return new Bert(source, this);
        }
    }

    private record Block(
            TokenAttention attention,
            LayerNorm norm1,
            Linear fc1,
            Linear fc2,
            LayerNorm norm2,
            Activation activation) {
        static Block of(ParameterSource source, Config c) {
            ParameterSource self = source.at("attention.self");
            ParameterSource out = source.at("attention.output");
            return new Block(
                    TokenAttention.plain(
                            self.linear("query", c.width, c.width),
                            self.linear("key", c.width, c.width),
                            self.linear("value", c.width, c.width),
                            out.linear("dense", c.width, c.width),
                            c.width,
                            c.heads),
                    out.layerNorm("LayerNorm", c.width, c.eps),
                    source.at("intermediate").linear("dense", c.width, c.hidden),
                    source.at("output").linear("dense", c.hidden, c.width),
                    source.at("output").layerNorm("LayerNorm", c.width, c.eps),
                    c.activation);
        }

        Tensor forward(Tensor x, Tensor mask) {
            Tensor y = norm1.forward(x.add(attention.forward(x, mask, null))); // [B, N, D]
            Tensor z = fc2.forward(activation.forward(fc1.forward(y))); // [B, N, D]
            return norm2.forward(y.add(z));
        }
    }

    private final Config config;
    private final Tensor words;
    private final Tensor positions;
    private final Tensor types;
    private final LayerNorm norm;
    private final List<Block> blocks = new ArrayList<>();
    private final @Nullable Linear pooler;
    private final Parameters parameters;

    /// Builds the network.
    public Bert(ParameterSource source, Config config) {
        this.config = config;
        ParameterSource e = source.at("embeddings");
        Init init = Init.normal(0.02);
        words = e.parameter("word_embeddings.weight", init, config.vocabulary, config.width);
        positions = e.parameter("position_embeddings.weight", init, config.positions, config.width);
        types = e.parameter("token_type_embeddings.weight", init, config.types, config.width);
        norm = e.layerNorm("LayerNorm", config.width, config.eps);
        for (int i = 0; i < config.depth; i++) {
            blocks.add(Block.of(source.at("encoder.layer." + i), config));
        }
        pooler =
                config.pooler
                        ? source.at("pooler").linear("dense", config.width, config.width)
                        : null;
        parameters = source.parameters();
    }

    @Override
    public EncodedTokens encode(Tensor ids, Tensor mask, Set<Integer> layers) {
        try (Tensor first = ids.sub(ids)) {
            return encode(ids, mask, first, layers);
        }
    }

    /// Encodes tokens of several types.
    ///
    /// @param tokenTypes int64 `[B, N]`, which sentence of a pair each token belongs to
    public EncodedTokens encode(Tensor ids, Tensor mask, Tensor tokenTypes, Set<Integer> layers) {
        TokenInput.require(ids, mask, config.vocabulary, config.positions);
        TokenInput.require(tokenTypes, mask, config.types, config.positions);
        try (var scope = TensorScope.open()) {
            Tensor x = embed(ids, tokenTypes); // [B, N, D]
            Tensor added = TokenInput.bothWays(mask, x);
            LayerStates states =
                    LayerStates.through(
                            x, config.depth, layers, (i, h) -> blocks.get(i).forward(h, added));
            Optional<Tensor> pooled =
                    Optional.ofNullable(pooler)
                            .map(p -> p.forward(states.last().select(1, 0)).tanh()); // [B, D]
            return new EncodedTokens(states.last(), states.kept(), pooled, Optional.empty())
                    .promote(scope);
        }
    }

    private Tensor embed(Tensor ids, Tensor tokenTypes) {
        Tensor x = Ops.embedding(words, ids).add(Ops.embedding(types, tokenTypes)); // [B, N, D]
        return norm.forward(x.add(positions.narrow(0, 0, ids.size(1))));
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
