package org.dit4j.model;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.nn.GridRegion;
import org.dit4j.nn.Init;
import org.dit4j.nn.LayerNorm;
import org.dit4j.nn.Linear;
import org.dit4j.nn.Modulation;
import org.dit4j.nn.ParameterSource;
import org.dit4j.nn.Parameters;
import org.dit4j.nn.PatchEmbed;
import org.dit4j.nn.Patches;
import org.dit4j.nn.Positions;
import org.dit4j.nn.SiluMlp;
import org.dit4j.nn.TimestepEmbedding;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.ShapeException;
import org.dit4j.tensor.Shapes;
import org.dit4j.tensor.TensorScope;
import org.jspecify.annotations.Nullable;

/// MM-DiT, the network of Stable Diffusion 3 and 3.5 (Esser et al. 2024, arXiv:2403.03206;
/// Stability-AI/sd3.5, `mmditx.py`): text-conditional, text and picture attend to each other in one
/// sequence and have weights of their own.
///
/// Parameter names are those of the original code. Thread-safe for inference: parameters are only
/// read.
public final class MmDit implements AutoCloseable {
    /// Hidden width of the MLPs over D.
    static final long MLP_RATIO = 4;

    /// How the queries and keys of each head are normalised.
    public enum HeadNorm {
        /// Not at all, as in SD3.
        NONE,
        /// By their root mean square, with a weight, as in SD3.5.
        RMS,
        /// Layer norm with weight and bias.
        LAYER,
        /// Layer norm without parameters, which only diffusers has.
        PLAIN_LAYER
    }

    /// The numbers of a network.
    ///
    /// @param inputSize usual height and width of the latents, of which the spacing of the
    ///   positions follows; others work as well
    /// @param patchSize side of a patch
    /// @param inChannels channels of the latents
    /// @param outChannels channels of the prediction
    /// @param hiddenSize width D
    /// @param depth number of blocks
    /// @param numHeads heads of the attention
    /// @param textWidth of the text's states, E; `joint_attention_dim` of diffusers
    /// @param pooledWidth of the pooled text, P
    /// @param maxPositions side of the table of positions, in patches: the largest picture; nothing
    ///   with a position base
    /// @param qkNorm how queries and keys are normalised
    /// @param dualAttentionLayers blocks with a second attention among the picture's tokens
    /// @param positionBase side of the grid of positions that every size is fitted into, in
    ///   patches, as Hunyuan-DiT has it ([GridRegion]); 0 for the middle of a table, as in the
    ///   published networks
    public record Config(
            int inputSize,
            int patchSize,
            int inChannels,
            int outChannels,
            int hiddenSize,
            int depth,
            int numHeads,
            int textWidth,
            int pooledWidth,
            int maxPositions,
            HeadNorm qkNorm,
            Set<Integer> dualAttentionLayers,
            int positionBase) {
        /// A network with a table of positions.
        public Config(
                int inputSize,
                int patchSize,
                int inChannels,
                int outChannels,
                int hiddenSize,
                int depth,
                int numHeads,
                int textWidth,
                int pooledWidth,
                int maxPositions,
                HeadNorm qkNorm,
                Set<Integer> dualAttentionLayers) {
            this(
                    inputSize,
                    patchSize,
                    inChannels,
                    outChannels,
                    hiddenSize,
                    depth,
                    numHeads,
                    textWidth,
                    pooledWidth,
                    maxPositions,
                    qkNorm,
                    dualAttentionLayers,
                    0);
        }

        /// Checks the rules that hold between the numbers.
        public Config {
            dualAttentionLayers = Set.copyOf(dualAttentionLayers);
            ConfigException.require(
                    patchSize > 0 && inputSize >= patchSize,
                    "input_size %d must be at least patch_size %d, which must be positive",
                    inputSize,
                    patchSize);
            ConfigException.require(
                    inChannels > 0 && outChannels > 0,
                    "in_channels and out_channels must be positive but are %d and %d",
                    inChannels,
                    outChannels);
            ConfigException.require(
                    numHeads > 0
                            && hiddenSize > 0
                            && hiddenSize % numHeads == 0
                            && hiddenSize % 4 == 0,
                    "hidden_size %d must be divisible by num_heads %d and by 4",
                    hiddenSize,
                    numHeads);
            ConfigException.require(depth > 0, "depth must be positive but is %d", depth);
            ConfigException.require(
                    textWidth > 0 && pooledWidth > 0,
                    "text_width and pooled_width must be positive but are %d and %d",
                    textWidth,
                    pooledWidth);
            ConfigException.require(
                    positionBase > 0 ? maxPositions == 0 : maxPositions > 0,
                    "max_positions must be positive, or 0 with a position_base, but is %d",
                    maxPositions);
            ConfigException.require(
                    positionBase >= 0,
                    "position_base must not be negative but is %d",
                    positionBase);
            for (int layer : dualAttentionLayers) {
                ConfigException.require(
                        layer >= 0 && layer < depth,
                        "dual_attention_layers must be in 0 to %d but one is %d",
                        depth - 1,
                        layer);
            }
        }

        /// Returns the blocks with a second attention in order.
        List<Integer> dualInOrder() {
            return List.copyOf(new TreeSet<>(dualAttentionLayers));
        }
    }

    /// What the stages hand on.
    ///
    /// @param text `[B, L, D]`
    /// @param x tokens of the picture `[B, N, D]`
    /// @param c time and pooled text `[B, D]`
    public record Hidden(Tensor text, Tensor x, Tensor c) {}

    private final Config config;
    private final PatchEmbed xEmbedder;
    private final @Nullable Tensor posEmbed; // [1, side * side, D]
    private final TimestepEmbedding tEmbedder;
    private final SiluMlp yEmbedder;
    private final Linear contextEmbedder;
    private final List<MmDitBlock> blocks = new ArrayList<>();
    private final Modulation finalModulation;
    private final Linear finalLinear;
    private final Parameters parameters;

    /// Builds the network from named parameters.
    public MmDit(ParameterSource source, Config config) {
        this.config = config;
        int d = config.hiddenSize;
        int p = config.patchSize;
        long side = config.maxPositions;
        Init normal = Init.normal(0.02);
        posEmbed =
                config.positionBase > 0
                        ? null
                        : source.buffer("pos_embed", () -> table(config), 1, side * side, d);
        xEmbedder = PatchEmbed.of(source.at("x_embedder"), config.inChannels, d, p);
        tEmbedder = TimestepEmbedding.of(source.at("t_embedder"), d, 0);
        yEmbedder = SiluMlp.of(source.at("y_embedder.mlp"), config.pooledWidth, d, d, normal);
        contextEmbedder = source.linear("context_embedder", config.textWidth, d);
        for (int i = 0; i < config.depth; i++) {
            blocks.add(MmDitBlock.of(source.at("joint_blocks." + i), config, i));
        }
        ParameterSource last = source.at("final_layer");
        finalLinear = last.linear("linear", d, (long) p * p * config.outChannels, Init.zeros());
        finalModulation = Modulation.of(last.at("adaLN_modulation"), d, 2);
        parameters = source.parameters();
    }

    /// Returns a network with fresh parameters, as DiT starts, since no training code of MM-DiT is
    /// published: Xavier for linear layers, normal with std 0.02 for the embeddings of time and
    /// pooled text, zero for modulations and the output (DiT, `models.py`, `initialize_weights`).
    public static MmDit initialise(Config config, Rng rng) {
        return new MmDit(ParameterSource.initialising(rng), config);
    }

    /// Returns the configuration.
    public Config config() {
        return config;
    }

    /// Returns the element type of the weights, which latents and text must have.
    public Dtype dtype() {
        return Dtype.of(finalLinear.weight());
    }

    /// Returns all parameters, which live as long as the network.
    public Parameters parameters() {
        return parameters;
    }

    /// Predicts the velocity, noise minus data in the published networks.
    ///
    /// Latents that do not divide into patches are filled up at the right and below by repeating
    /// the edge.
    ///
    /// @param x noisy latents `[B, C, H, W]`, H and W at most `maxPositions` patches
    /// @param t `[B]`: 1000 times the share of noise, 0 to 1000, in the published networks
    /// @param text states `[B, L, E]`, any number of tokens
    /// @param pooled pooled text `[B, P]`
    /// @return `[B, outputs, H, W]` in the caller's scope
    /// @throws ShapeException if a shape does not fit
    public Tensor forward(Tensor x, Tensor t, Tensor text, Tensor pooled) {
        return forward(x, t, text, pooled, Set.of());
    }

    /// The same without some blocks, as skip-layer guidance needs it.
    ///
    /// @param skipped numbers of the blocks that are left out
    public Tensor forward(Tensor x, Tensor t, Tensor text, Tensor pooled, Set<Integer> skipped) {
        return TensorScope.compute(() -> {
            Tensor whole = Patches.fillUp(x, config.patchSize); // [B, C, H', W']
            Hidden h = blocks(embed(whole, t, text, pooled), skipped); // [B, N, D]
            Tensor out = head(h.x, h.c, whole.size(2), whole.size(3)); // [B, outputs, H', W']
            return out.narrow(2, 0, x.size(2)).narrow(3, 0, x.size(3)); // [B, outputs, H, W]
        });
    }

    /// Applies the blocks, each in a scope of its own, and frees what it was given once its results
    /// are there.
    private Hidden blocks(Hidden first, Set<Integer> skipped) {
        Hidden h = first;
        for (int i = 0; i < config.depth; i++) {
            if (!skipped.contains(i)) {
                Hidden next = compute(i, h);
                free(h.x, next.x);
                free(h.text, next.text);
                h = next;
            }
        }
        return h;
    }

    private Hidden compute(int i, Hidden h) {
        try (var scope = TensorScope.open()) {
            Hidden next = block(i, h);
            scope.promote(next.x);
            if (next.text != h.text) {
                scope.promote(next.text);
            }
            return next;
        }
    }

    private static void free(Tensor old, Tensor next) {
        if (old != next) {
            old.close();
        }
    }

    /// Embeds noisy latents, time and text.
    public Hidden embed(Tensor x, Tensor t, Tensor text, Tensor pooled) {
        Shapes.require(x, "x", Shapes.ANY, config.inChannels, Shapes.ANY, Shapes.ANY);
        long b = x.size(0);
        Shapes.require(t, "t", b);
        Shapes.require(text, "text", b, Shapes.ANY, config.textWidth);
        Shapes.require(pooled, "pooled", b, config.pooledWidth);
        int p = config.patchSize;
        if (x.size(2) % p != 0 || x.size(3) % p != 0) {
            throw new ShapeException(
                    "latents of %d x %d do not divide into patches of %d"
                            .formatted(x.size(2), x.size(3), p));
        }
        int h = (int) x.size(2) / p;
        int w = (int) x.size(3) / p;
        Tensor positions = posEmbed == null ? fitted(h, w, x) : middle(posEmbed, h, w); // [1, N, D]
        return new Hidden(
                contextEmbedder.forward(text), // [B, L, D]
                xEmbedder.forward(x).add(positions), // [B, N, D]
                tEmbedder.forward(t).add(yEmbedder.forward(pooled))); // [B, D]
    }

    /// Positions that are interpolated within the base grid, `[1, h w, D]`.
    private Tensor fitted(int h, int w, Tensor x) {
        GridRegion region = GridRegion.filling(config.positionBase, h, w);
        GridRegion.Spacing even = GridRegion.Spacing.EVEN;
        return Ops.like(
                Positions.sinCos2d(
                        config.hiddenSize, region.rows(h, even), region.columns(w, even)),
                x);
    }

    /// The middle of the table, `[1, h w, D]`.
    private Tensor middle(Tensor table, long h, long w) {
        int side = config.maxPositions;
        if (h > side || w > side) {
            throw new ShapeException(
                    "latents of %d x %d patches are larger than the %d x %d positions"
                            .formatted(h, w, side, side));
        }
        return table.reshape(1, side, side, config.hiddenSize)
                .narrow(1, (side - h) / 2, h)
                .narrow(2, (side - w) / 2, w)
                .flatten(1, 2);
    }

    /// The table `[1, side * side, D]`: positions are so far apart that the usual grid's number of
    /// patches is the length of the table's side (diffusers, `embeddings.py`,
    /// `get_2d_sincos_pos_embed`).
    private static Tensor table(Config config) {
        int side = config.maxPositions;
        ConfigException.require(
                (long) side * side * config.hiddenSize <= Integer.MAX_VALUE,
                "max_positions %d are too many for a table of width %d",
                side,
                config.hiddenSize);
        int grid = config.inputSize / config.patchSize;
        double step = (double) grid / side;
        return Positions.sinCos2d(config.hiddenSize, side, side, step, step);
    }

    /// Returns the number of blocks.
    public int depth() {
        return config.depth;
    }

    /// Applies block `i`. The last one gives the text back as it is.
    public Hidden block(int i, Hidden h) {
        MmDitBlock.Tokens next = blocks.get(i).forward(h.text, h.x, h.c);
        return new Hidden(next.text(), next.x(), h.c);
    }

    /// Turns the last tokens into the prediction.
    ///
    /// @param x `[B, N, D]`
    /// @param c time and pooled text `[B, D]`
    /// @param h height of the latents
    /// @param w width of the latents
    /// @return `[B, outputs, H, W]`
    public Tensor head(Tensor x, Tensor c, long h, long w) {
        Tensor[] m = finalModulation.forward(c); // shift and scale, each [B, 1, D]
        LayerNorm norm = LayerNorm.plain(MmDitStream.EPS);
        Tensor z = Modulation.modulate(norm.forward(x), m[0], m[1]); // [B, N, D]
        Tensor out = finalLinear.forward(z); // [B, N, P * P * outputs]
        int p = config.patchSize;
        return Patches.unpatchify(out, p, h / p, w / p); // [B, outputs, H, W]
    }

    @Override
    public void close() {
        parameters.close();
    }
}
