package org.dit4j.model;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.nn.Attended;
import org.dit4j.nn.AttentionMask;
import org.dit4j.nn.Init;
import org.dit4j.nn.LayerNorm;
import org.dit4j.nn.Linear;
import org.dit4j.nn.Mlp;
import org.dit4j.nn.Modulation;
import org.dit4j.nn.ParameterSource;
import org.dit4j.nn.Parameters;
import org.dit4j.nn.PatchEmbed;
import org.dit4j.nn.Patches;
import org.dit4j.nn.Positions;
import org.dit4j.nn.RmsNorm;
import org.dit4j.nn.TimestepEmbedding;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.ShapeException;
import org.dit4j.tensor.Shapes;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;
import org.jspecify.annotations.Nullable;

/// Sana (Xie et al. 2024, arXiv:2410.10629), Sana 1.5 (Xie et al. 2025, arXiv:2501.18427) and Sana
/// Sprint (Chen et al. 2025, arXiv:2503.09641; NVlabs/Sana, `sana_multi_scale.py`; diffusers
/// `sana_transformer.py`): linear attention, a feed-forward part that convolves, and latents of
/// which one stands for 32 x 32 pixels.
///
/// Parameter names are those of the original code. Thread-safe for inference: parameters are only
/// read.
public final class Sana implements AutoCloseable {
    /// Epsilon of the last norm.
    private static final double EPS = 1e-6;

    /// Epsilon of the norm of the text.
    private static final double TEXT_EPS = 1e-5;

    /// The numbers of a network.
    ///
    /// @param inputSize usual height and width of the latents, of which the spacing of the
    ///   positions follows; others work as well
    /// @param patchSize side of a patch
    /// @param inChannels channels of the latents
    /// @param outChannels channels of the prediction
    /// @param hiddenSize width D
    /// @param depth number of blocks
    /// @param numHeads heads of the linear attention
    /// @param crossHeads heads of the attention to the text
    /// @param textWidth of the text's states, E
    /// @param mlpRatio hidden width of the feed-forward part over D
    /// @param attentionBias whether queries, keys and values of the linear attention have biases
    /// @param qkNorm whether queries and keys are normalised, over all heads
    /// @param interpolation positions are divided by it; null for a network without positions
    /// @param guidanceEmbeds whether the strength of the guidance is an input, as in Sprint
    /// @param guidanceScale what pipelines multiply that strength by
    /// @param timestepScale what pipelines multiply timesteps by
    /// @param normAffine whether the norm before the feed-forward part has weight and bias
    /// @param normEps epsilon of the norms of the blocks
    public record Config(
            int inputSize,
            int patchSize,
            int inChannels,
            int outChannels,
            int hiddenSize,
            int depth,
            int numHeads,
            int crossHeads,
            int textWidth,
            double mlpRatio,
            boolean attentionBias,
            boolean qkNorm,
            @Nullable Double interpolation,
            boolean guidanceEmbeds,
            double guidanceScale,
            double timestepScale,
            boolean normAffine,
            double normEps) {
        /// Checks the rules that hold between the numbers.
        public Config {
            ConfigException.require(
                    patchSize > 0 && inputSize >= patchSize,
                    "input_size %d must be at least patch_size %d, which must be positive",
                    inputSize,
                    patchSize);
            ConfigException.require(
                    inChannels > 0 && outChannels > 0 && textWidth > 0 && depth > 0,
                    "in_channels, out_channels, caption_channels and depth must be positive but are"
                            + " %d, %d, %d and %d",
                    inChannels,
                    outChannels,
                    textWidth,
                    depth);
            ConfigException.require(
                    numHeads > 0
                            && crossHeads > 0
                            && hiddenSize > 0
                            && hiddenSize % numHeads == 0
                            && hiddenSize % crossHeads == 0,
                    "hidden_size %d must be divisible by num_heads %d and cross_num_heads %d",
                    hiddenSize,
                    numHeads,
                    crossHeads);
            ConfigException.require(
                    interpolation == null || (interpolation > 0 && hiddenSize % 4 == 0),
                    "pe_interpolation must be positive and hidden_size divisible by 4 but are %s and"
                            + " %d",
                    String.valueOf(interpolation),
                    hiddenSize);
            ConfigException.require(
                    mlpRatio > 0 && normEps > 0,
                    "mlp_ratio and norm_eps must be positive but are %s and %s",
                    mlpRatio,
                    normEps);
        }
    }

    /// What the picture is conditioned on.
    ///
    /// @param text states `[B, L, E]`, any number of tokens
    /// @param mask `[B, L]`: above 0 at real tokens, at least one of each text; null if all are
    /// @param guidance strength of the guidance times [Config#guidanceScale] `[B]`; null for a
    ///   network without
    public record Conditions(Tensor text, @Nullable Tensor mask, @Nullable Tensor guidance) {}

    /// What the conditions are before the blocks, at any time.
    ///
    /// @param guidance `[B, D]`, null for a network without
    /// @param projected the text before its norm `[B, L, D]`
    /// @param text `[B, L, D]`
    /// @param mask added to the scores of the attention to the text `[B, 1, 1, L]`, or null
    public record Prepared(
            @Nullable Tensor guidance, Tensor projected, Attended text, @Nullable Tensor mask) {
        /// Returns those of a batch.
        ///
        /// @param numbers `[B]`, int64: which of these each sample has
        public Prepared rows(Tensor numbers) {
            return new Prepared(
                    guidance == null ? null : Tensors.rows(guidance, numbers),
                    Tensors.rows(projected, numbers),
                    text.rows(numbers),
                    mask == null ? null : Tensors.rows(mask, numbers));
        }
    }

    /// What the stages hand on.
    ///
    /// @param x tokens of the picture `[B, N, D]`
    /// @param c time and guidance `[B, D]`
    /// @param modulation what all blocks share `[B, 6, D]`
    /// @param projected the text before its norm `[B, L, D]`
    /// @param text `[B, L, D]`
    /// @param mask added to the scores of the attention to the text `[B, 1, 1, L]`, or null
    /// @param rows of tokens
    /// @param columns of tokens
    public record Hidden(
            Tensor x,
            Tensor c,
            Tensor modulation,
            Tensor projected,
            Attended text,
            @Nullable Tensor mask,
            long rows,
            long columns) {}

    private final Config config;
    private final PatchEmbed xEmbedder;
    private final TimestepEmbedding tEmbedder;
    private final @Nullable TimestepEmbedding guidanceEmbedder;
    private final Linear tBlock; // D to 6 D
    private final Mlp yEmbedder;
    private final RmsNorm yNorm;
    private final List<SanaBlock> blocks = new ArrayList<>();
    private final Tensor finalTable; // [2, D]: shift and scale
    private final Linear finalLinear;
    private final Parameters parameters;

    /// Builds the network from named parameters.
    public Sana(ParameterSource source, Config config) {
        this.config = config;
        int d = config.hiddenSize;
        int p = config.patchSize;
        Init normal = Init.normal(0.02);
        xEmbedder = PatchEmbed.of(source.at("x_embedder"), config.inChannels, d, p);
        tEmbedder = TimestepEmbedding.of(source.at("t_embedder"), d, 0);
        guidanceEmbedder =
                config.guidanceEmbeds
                        ? TimestepEmbedding.of(source.at("cfg_embedder"), d, 0)
                        : null;
        tBlock = source.linear("t_block.1", d, 6L * d, normal);
        yEmbedder =
                new Mlp(
                        source.linear("y_embedder.y_proj.fc1", config.textWidth, d, normal),
                        source.linear("y_embedder.y_proj.fc2", d, d, normal));
        yNorm = source.rmsNorm("attention_y_norm", d, TEXT_EPS);
        for (int i = 0; i < config.depth; i++) {
            blocks.add(SanaBlock.of(source.at("blocks." + i), config));
        }
        ParameterSource last = source.at("final_layer");
        finalLinear = last.linear("linear", d, (long) p * p * config.outChannels, Init.zeros());
        finalTable = last.parameter("scale_shift_table", Init.normal(1 / Math.sqrt(d)), 2, d);
        parameters = source.parameters();
    }

    /// Returns a network with fresh parameters that predicts zeros, as DiTs start (the original
    /// code leaves the last layer random).
    public static Sana initialise(Config config, Rng rng) {
        return new Sana(ParameterSource.initialising(rng), config);
    }

    /// Returns the configuration.
    public Config config() {
        return config;
    }

    /// Returns the element type of the weights, which latents and text must have.
    public Dtype dtype() {
        return finalLinear.dtype();
    }

    /// Returns all parameters, which live as long as the network.
    public Parameters parameters() {
        return parameters;
    }

    /// Predicts the velocity.
    ///
    /// @param x noisy latents `[B, C, H, W]`, H and W multiples of the patch
    /// @param t timesteps `[B]`, 0 to 1000 times [Config#timestepScale]
    /// @return `[B, outputs, H, W]` in the caller's scope
    /// @throws ShapeException if a shape does not fit, or the guidance is missing or too much
    public Tensor forward(Tensor x, Tensor t, Conditions conditions) {
        return TensorScope.compute(() -> forward(x, t, embed(conditions)));
    }

    /// The same with what [#prepare] gave, for the calls of a run.
    public Tensor forward(Tensor x, Tensor t, Prepared conditions) {
        return TensorScope.compute(() -> {
            Hidden h = embed(x, t, conditions);
            Tensor z = h.x; // [B, N, D]
            for (int i = 0; i < depth(); i++) {
                int n = i;
                Tensor before = z;
                z = TensorScope.compute(() -> block(n, before, h));
                before.close();
            }
            return head(z, h); // [B, outputs, H, W]
        });
    }

    /// Computes all of the conditions that is the same at all times. It belongs to the caller's
    /// innermost scope.
    public Prepared prepare(Conditions conditions) {
        Prepared p = embed(conditions);
        Attended text = p.text.known(blocks, (b, states) -> b.cross().keysValues(states));
        return new Prepared(p.guidance, p.projected, text, p.mask);
    }

    private Prepared embed(Conditions given) {
        Shapes.require(given.text, "text", Shapes.ANY, Shapes.ANY, config.textWidth);
        Tensor projected = yEmbedder.forward(given.text); // [B, L, D]
        return new Prepared(
                embedGuidance(given.guidance, projected.size(0)),
                projected,
                Attended.of(yNorm.forward(projected)),
                mask(given, projected));
    }

    /// Embeds noisy latents, time and text.
    public Hidden embed(Tensor x, Tensor t, Conditions conditions) {
        return embed(x, t, embed(conditions));
    }

    private Hidden embed(Tensor x, Tensor t, Prepared conditions) {
        Shapes.require(x, "x", Shapes.ANY, config.inChannels, Shapes.ANY, Shapes.ANY);
        long b = x.size(0);
        Shapes.require(t, "t", b);
        Shapes.require(conditions.projected, "text", b, Shapes.ANY, config.hiddenSize);
        int p = config.patchSize;
        if (x.size(2) % p != 0 || x.size(3) % p != 0) {
            throw new ShapeException(
                    "latents of %d x %d do not divide into patches of %d"
                            .formatted(x.size(2), x.size(3), p));
        }
        long rows = x.size(2) / p;
        long columns = x.size(3) / p;
        Tensor time = tEmbedder.forward(t); // [B, D]
        Tensor c = conditions.guidance == null ? time : time.add(conditions.guidance); // [B, D]
        return new Hidden(
                placed(xEmbedder.forward(x), rows, columns), // [B, N, D]
                c,
                tBlock.forward(Ops.silu(c)).reshape(b, 6, config.hiddenSize), // [B, 6, D]
                conditions.projected, // [B, L, D]
                conditions.text, // [B, L, D]
                conditions.mask, // [B, 1, 1, L]
                rows,
                columns);
    }

    private static @Nullable Tensor mask(Conditions conditions, Tensor text) {
        if (conditions.mask == null) {
            return null;
        }
        Shapes.require(conditions.mask, "mask", text.size(0), text.size(1));
        return AttentionMask.of(conditions.mask, text);
    }

    private @Nullable Tensor embedGuidance(@Nullable Tensor given, long b) {
        if ((guidanceEmbedder == null) != (given == null)) {
            throw new ShapeException(
                    "the network has %s input for the guidance but was given %s"
                            .formatted(
                                    guidanceEmbedder == null ? "no" : "an",
                                    given == null ? "none" : "one"));
        }
        if (guidanceEmbedder == null || given == null) {
            return null;
        }
        Shapes.require(given, "guidance", b);
        return guidanceEmbedder.forward(given); // [B, D]
    }

    /// Adds positions, of which those of any grid span the usual one, over the interpolation.
    private Tensor placed(Tensor tokens, long rows, long columns) {
        if (config.interpolation == null) {
            return tokens; // the convolutions of the blocks tell where a token stands
        }
        int grid = config.inputSize / config.patchSize;
        double span = grid / config.interpolation;
        Tensor positions =
                Positions.sinCos2d(
                        config.hiddenSize,
                        (int) rows,
                        (int) columns,
                        span / rows,
                        span / columns); // [1, N, D]
        return tokens.add(Ops.like(positions, tokens));
    }

    /// Returns the number of blocks.
    public int depth() {
        return config.depth;
    }

    /// Applies block `i` to the tokens `[B, N, D]`.
    public Tensor block(int i, Tensor x, Hidden h) {
        SanaBlock block = blocks.get(i);
        return block.forward(x, h, h.text.at(i, block.cross()::keysValues));
    }

    /// Normalises and modulates the last tokens.
    ///
    /// @param x `[B, N, D]`
    /// @return `[B, N, D]`
    public Tensor norm(Tensor x, Hidden h) {
        Tensor[] m = Ops.chunk(h.c.unsqueeze(1).add(finalTable), 2, 1); // shift, scale: [B, 1, D]
        return Modulation.modulate(LayerNorm.plain(EPS).forward(x), m[0], m[1]);
    }

    /// Turns the last tokens into the prediction.
    ///
    /// @param x `[B, N, D]`
    /// @return `[B, outputs, H, W]`
    public Tensor head(Tensor x, Hidden h) {
        Tensor out = finalLinear.forward(norm(x, h)); // [B, N, P * P * outputs]
        return Patches.unpatchify(out, config.patchSize, h.rows, h.columns); // [B, outputs, H, W]
    }

    @Override
    public void close() {
        parameters.close();
    }
}
