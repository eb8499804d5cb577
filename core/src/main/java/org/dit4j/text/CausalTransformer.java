package org.dit4j.text;

import static java.util.Objects.requireNonNull;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.nn.Activation;
import org.dit4j.nn.HalfRotary;
import org.dit4j.nn.Init;
import org.dit4j.nn.Linear;
import org.dit4j.nn.ParameterSource;
import org.dit4j.nn.Parameters;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;
import org.jspecify.annotations.Nullable;

/// The network that language models share: causal attention with rotary positions and fewer heads
/// of keys and values, a gated MLP (Shazeer 2020, arXiv:2002.05202), root mean square norms. Llama
/// (arXiv:2302.13971), Qwen2 (arXiv:2407.10671), Gemma (arXiv:2403.08295) and Gemma 2
/// (arXiv:2408.00118) differ in its configuration only; names and order are those of transformers,
/// `modeling_llama.py` and its relatives.
public final class CausalTransformer implements TokenEncoder {
    /// The attention of every block.
    ///
    /// @param heads heads of queries A
    /// @param groups heads of keys and values, which divide A
    /// @param headWidth channels of a head K, even; A K need not be D
    /// @param scale factor of the scores
    /// @param cap limit c of the scores, which become `c tanh(score / c)`; 0 for none
    /// @param rotary how fast the rotary positions turn
    /// @param inputBias whether the projections of queries, keys and values have a bias
    /// @param outputBias whether the projection behind has one
    public record AttentionConfig(
            int heads,
            int groups,
            int headWidth,
            double scale,
            double cap,
            RotaryFrequencies rotary,
            boolean inputBias,
            boolean outputBias) {
        /// Checks the rules.
        public AttentionConfig {
            ConfigException.require(
                    groups > 0 && heads > 0 && heads % groups == 0,
                    "num_attention_heads %d must be divisible by num_key_value_heads %d",
                    heads,
                    groups);
            ConfigException.require(
                    headWidth > 0 && headWidth % 2 == 0,
                    "head_dim must be even and positive but is %d",
                    headWidth);
            ConfigException.require(
                    scale > 0 && cap >= 0,
                    "scale %s and cap %s of the attention must be positive",
                    scale,
                    cap);
        }
    }

    /// What sets the families apart beside the attention.
    ///
    /// @param activation of the gate of the MLP
    /// @param mlpBias whether the MLP has biases
    /// @param gemma whether embeddings are multiplied by the root of D, and the weights of norms
    ///   are stored less one
    /// @param sandwich whether what attention and MLP give is normalised before it is added
    public record Variant(
            Activation activation, boolean mlpBias, boolean gemma, boolean sandwich) {}

    /// The sizes.
    ///
    /// @param vocabulary number of tokens V
    /// @param width D
    /// @param hidden width of the MLP
    /// @param eps of the norms
    /// @param windows for each block, how many tokens are seen, the token itself included; 0 for
    ///   all before it
    /// @param attention of every block
    /// @param variant what sets the families apart
    public record Config(
            int vocabulary,
            int width,
            int hidden,
            double eps,
            List<Integer> windows,
            AttentionConfig attention,
            Variant variant)
            implements TokenEncoder.Config {
        /// Checks the sizes.
        public Config {
            windows = List.copyOf(windows);
            ConfigException.require(
                    vocabulary > 0 && width > 0 && hidden > 0 && !windows.isEmpty(),
                    "the sizes of a language model must be positive");
            ConfigException.require(
                    windows.stream().allMatch(w -> w >= 0),
                    "sliding_window must be positive but the windows are %s",
                    windows);
        }

        /// Returns the number of blocks.
        public int depth() {
            return windows.size();
        }

        @Override
        public CausalTransformer network(ParameterSource source) {
            return new CausalTransformer(source, this);
        }
    }

    /// `down(f(gate x) * up x)`.
    private record GatedMlp(Linear gate, Linear up, Linear down, Activation activation) {
        static GatedMlp of(ParameterSource source, Config c) {
            boolean bias = c.variant.mlpBias;
            return new GatedMlp(
                    linear(source, "gate_proj", c.width, c.hidden, bias),
                    linear(source, "up_proj", c.width, c.hidden, bias),
                    linear(source, "down_proj", c.hidden, c.width, bias),
                    c.variant.activation);
        }

        Tensor forward(Tensor x) {
            return down.forward(activation.forward(gate.forward(x)).mul(up.forward(x)));
        }
    }

    private record Block(
            RmsNorm norm1,
            TokenAttention attention,
            @Nullable RmsNorm after1,
            RmsNorm norm2,
            GatedMlp mlp,
            @Nullable RmsNorm after2) {
        static Block of(ParameterSource source, Config c) {
            boolean sandwich = c.variant.sandwich;
            String second = sandwich ? "pre_feedforward_layernorm" : "post_attention_layernorm";
            return new Block(
                    norm(source, "input_layernorm", c),
                    attention(source.at("self_attn"), c),
                    sandwich ? norm(source, "post_attention_layernorm", c) : null,
                    norm(source, second, c),
                    GatedMlp.of(source.at("mlp"), c),
                    sandwich ? norm(source, "post_feedforward_layernorm", c) : null);
        }

        private static TokenAttention attention(ParameterSource source, Config c) {
            AttentionConfig a = c.attention;
            long queries = (long) a.heads * a.headWidth;
            long keys = (long) a.groups * a.headWidth;
            return new TokenAttention(
                    linear(source, "q_proj", c.width, queries, a.inputBias),
                    linear(source, "k_proj", c.width, keys, a.inputBias),
                    linear(source, "v_proj", c.width, keys, a.inputBias),
                    linear(source, "o_proj", queries, c.width, a.outputBias),
                    a.heads,
                    a.groups,
                    a.scale,
                    a.cap);
        }

        Tensor forward(Tensor x, Tensor mask, HalfRotary positions) {
            Tensor a = attention.forward(norm1.forward(x), mask, positions); // [B, N, D]
            Tensor y = x.add(after1 == null ? a : after1.forward(a));
            Tensor m = mlp.forward(norm2.forward(y)); // [B, N, D]
            return y.add(after2 == null ? m : after2.forward(m));
        }
    }

    private final Config config;
    private final Tensor words;
    private final List<Block> blocks = new ArrayList<>();
    private final RmsNorm norm;
    private final Parameters parameters;

    /// Builds the network.
    public CausalTransformer(ParameterSource source, Config config) {
        this.config = config;
        words =
                source.at("embed_tokens")
                        .parameter("weight", Init.normal(0.02), config.vocabulary, config.width);
        for (int i = 0; i < config.depth(); i++) {
            blocks.add(Block.of(source.at("layers." + i), config));
        }
        norm = norm(source, "norm", config);
        parameters = source.parameters();
    }

    @Override
    public EncodedTokens encode(Tensor ids, Tensor mask, Set<Integer> layers) {
        TokenInput.require(ids, mask, config.vocabulary, Integer.MAX_VALUE);
        try (var scope = TensorScope.open()) {
            Tensor x = embed(ids); // [B, N, D]
            AttentionConfig a = config.attention;
            HalfRotary positions =
                    HalfRotary.of(
                            (int) ids.size(1),
                            a.headWidth,
                            i -> a.rotary.frequency(i, a.headWidth),
                            x);
            var seen = new HashMap<Integer, Tensor>();
            config.windows.forEach(
                    w -> seen.computeIfAbsent(w, n -> TokenInput.causal(mask, n, x)));
            LayerStates states =
                    LayerStates.through(
                            x,
                            config.depth(),
                            layers,
                            (i, h) -> {
                                Tensor keys = requireNonNull(seen.get(config.windows.get(i)));
                                return blocks.get(i).forward(h, keys, positions);
                            });
            LayerStates all = states.withLast(norm.forward(states.last()));
            return new EncodedTokens(all.last(), all.kept(), Optional.empty(), Optional.empty())
                    .promote(scope);
        }
    }

    /// The factor is rounded to the type of the states, as in the reference.
    private Tensor embed(Tensor ids) {
        Tensor x = Ops.embedding(words, ids);
        return config.variant.gemma
                ? x.mul(Ops.like(Tensors.full(Math.sqrt(config.width), Dtype.FLOAT64), x))
                : x;
    }

    private static RmsNorm norm(ParameterSource source, String name, Config c) {
        return RmsNorm.of(source, name, c.width, c.variant.gemma, c.eps);
    }

    private static Linear linear(
            ParameterSource source, String name, long in, long out, boolean bias) {
        return bias ? source.linear(name, in, out) : source.linearWithoutBias(name, in, out);
    }

    @Override
    public int width() {
        return config.width;
    }

    @Override
    public int depth() {
        return config.depth();
    }

    @Override
    public void close() {
        parameters.close();
    }
}
