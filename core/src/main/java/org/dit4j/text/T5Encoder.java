package org.dit4j.text;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.nn.Activation;
import org.dit4j.nn.Init;
import org.dit4j.nn.Linear;
import org.dit4j.nn.ParameterSource;
import org.dit4j.nn.Parameters;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.TensorScope;
import org.jspecify.annotations.Nullable;

/// The encoder of T5 (Raffel et al. 2020, arXiv:1910.10683; transformers, `modeling_t5.py`), and of
/// its relatives: version 1.1 and mT5 have a gated MLP, UMT5 has position biases in every block.
public final class T5Encoder implements TokenEncoder {
    /// The sizes.
    ///
    /// @param vocabulary number of tokens V
    /// @param width D
    /// @param depth number of blocks
    /// @param heads heads of the attention A
    /// @param headWidth channels of a head K; A K need not be D
    /// @param hidden width of the MLP
    /// @param gated whether the MLP multiplies its hidden layer by a second projection
    /// @param activation of the MLP
    /// @param eps of the norms
    /// @param distances the buckets of distances
    /// @param sharedBias whether all blocks use the position biases of the first
    public record Config(
            int vocabulary,
            int width,
            int depth,
            int heads,
            int headWidth,
            int hidden,
            boolean gated,
            Activation activation,
            double eps,
            DistanceBuckets distances,
            boolean sharedBias)
            implements TokenEncoder.Config {
        /// Checks the sizes.
        public Config {
            ConfigException.require(
                    vocabulary > 0
                            && width > 0
                            && depth > 0
                            && heads > 0
                            && headWidth > 0
                            && hidden > 0,
                    "the sizes of a T5 must be positive");
        }

        @Override
        public T5Encoder network(ParameterSource source) {
            return new T5Encoder(source, this);
        }
    }

    /// `wo(f(wi x))`, or `wo(f(wi_0 x) * wi_1 x)` if there is a gate.
    private record FeedForward(
            Linear in, @Nullable Linear gate, Linear out, Activation activation) {
        static FeedForward of(ParameterSource source, Config c) {
            return new FeedForward(
                    source.linearWithoutBias(c.gated ? "wi_0" : "wi", c.width, c.hidden),
                    c.gated ? source.linearWithoutBias("wi_1", c.width, c.hidden) : null,
                    source.linearWithoutBias("wo", c.hidden, c.width),
                    c.activation);
        }

        Tensor forward(Tensor x) {
            Tensor hidden = activation.forward(in.forward(x)); // [B, N, H]
            return out.forward(gate == null ? hidden : hidden.mul(gate.forward(x)));
        }
    }

    private record Block(
            RmsNorm norm1,
            TokenAttention attention,
            @Nullable Tensor bias,
            RmsNorm norm2,
            FeedForward mlp) {
        static Block of(ParameterSource source, Config c, boolean hasBias) {
            ParameterSource self = source.at("layer.0.SelfAttention");
            String table = "relative_attention_bias.weight";
            long inner = (long) c.heads * c.headWidth;
            return new Block(
                    RmsNorm.of(source, "layer.0.layer_norm", c.width, false, c.eps),
                    new TokenAttention(
                            self.linearWithoutBias("q", c.width, inner),
                            self.linearWithoutBias("k", c.width, inner),
                            self.linearWithoutBias("v", c.width, inner),
                            self.linearWithoutBias("o", inner, c.width),
                            c.heads,
                            c.heads,
                            1,
                            0),
                    hasBias
                            ? self.parameter(table, Init.normal(0.02), c.distances.count(), c.heads)
                            : null,
                    RmsNorm.of(source, "layer.1.layer_norm", c.width, false, c.eps),
                    FeedForward.of(source.at("layer.1.DenseReluDense"), c));
        }

        Tensor forward(Tensor x, Tensor added) {
            Tensor y = x.add(attention.forward(norm1.forward(x), added, null)); // [B, N, D]
            return y.add(mlp.forward(norm2.forward(y)));
        }
    }

    private final Config config;
    private final Tensor words;
    private final List<Block> blocks = new ArrayList<>();
    private final RmsNorm norm;
    private final Parameters parameters;

    /// Builds the network.
    public T5Encoder(ParameterSource source, Config config) {
        this.config = config;
        words =
                source.at("shared")
                        .parameter("weight", Init.normal(1), config.vocabulary, config.width);
        ParameterSource encoder = source.at("encoder");
        for (int i = 0; i < config.depth; i++) {
            boolean hasBias = i == 0 || !config.sharedBias;
            blocks.add(Block.of(encoder.at("block." + i), config, hasBias));
        }
        norm = RmsNorm.of(encoder, "final_layer_norm", config.width, false, config.eps);
        parameters = source.parameters();
    }

    @Override
    public EncodedTokens encode(Tensor ids, Tensor mask, Set<Integer> layers) {
        TokenInput.require(ids, mask, config.vocabulary, Integer.MAX_VALUE);
        try (var scope = TensorScope.open()) {
            Tensor x = Ops.embedding(words, ids); // [B, N, D]
            Tensor unseen = TokenInput.bothWays(mask, x);
            Tensor buckets = config.distances.between(ids); // [N, N]
            Tensor shared = added(blocks.getFirst(), buckets, unseen);
            LayerStates states =
                    LayerStates.through(
                            x,
                            config.depth,
                            layers,
                            (i, h) -> {
                                Block block = blocks.get(i);
                                return block.forward(
                                        h,
                                        config.sharedBias ? shared : added(block, buckets, unseen));
                            });
            LayerStates all = states.withLast(norm.forward(states.last()));
            return new EncodedTokens(all.last(), all.kept(), Optional.empty(), Optional.empty())
                    .promote(scope);
        }
    }

    /// Returns what is added to the scores: position bias and mask, `[B, A, N, N]`.
    private static Tensor added(Block block, Tensor buckets, Tensor unseen) {
        Tensor table = java.util.Objects.requireNonNull(block.bias());
        return Ops.embedding(table, buckets).permute(2, 0, 1).unsqueeze(0).add(unseen);
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
