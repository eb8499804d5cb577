package org.dit4j.model;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.nn.Attended;
import org.dit4j.nn.AttentionMask;
import org.dit4j.nn.Init;
import org.dit4j.nn.KeysValues;
import org.dit4j.nn.LayerNorm;
import org.dit4j.nn.Linear;
import org.dit4j.nn.Mlp;
import org.dit4j.nn.Modulation;
import org.dit4j.nn.ParameterSource;
import org.dit4j.nn.Parameters;
import org.dit4j.nn.PatchEmbed;
import org.dit4j.nn.Patches;
import org.dit4j.nn.Positions;
import org.dit4j.nn.TimestepEmbedding;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.ShapeException;
import org.dit4j.tensor.Shapes;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;
import org.jspecify.annotations.Nullable;

/// PixArt-alpha (Chen et al. 2023, arXiv:2310.00426) and PixArt-Sigma (Chen et al. 2024,
/// arXiv:2403.04692; PixArt-alpha/PixArt-sigma, `PixArtMS.py`): DiT with cross attention to a text
/// and one modulation that all blocks share.
///
/// Parameter names are those of the original code. Thread-safe for inference: parameters are only
/// read.
public final class PixArt implements AutoCloseable {
    /// Hidden width of the MLPs over D.
    static final long MLP_RATIO = 4;

    /// Epsilon of the last norm.
    private static final double EPS = 1e-6;

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
    /// @param textWidth of the text's states, E
    /// @param projectsText whether the states are projected to D first, as in all published
    ///   networks
    /// @param interpolation positions are divided by it
    /// @param microConditions whether size and aspect ratio are inputs
    /// @param normEps epsilon of the norms of the blocks
    public record Config(
            int inputSize,
            int patchSize,
            int inChannels,
            int outChannels,
            int hiddenSize,
            int depth,
            int numHeads,
            int textWidth,
            boolean projectsText,
            double interpolation,
            boolean microConditions,
            double normEps) {
        /// Checks the rules that hold between the numbers.
        public Config {
            ConfigException.require(
                    patchSize > 0 && inputSize >= patchSize,
                    "input_size %d must be at least patch_size %d, which must be positive",
                    inputSize,
                    patchSize);
            ConfigException.require(
                    inChannels > 0 && outChannels > 0 && textWidth > 0,
                    "in_channels, out_channels and caption_channels must be positive but are %d,"
                            + " %d and %d",
                    inChannels,
                    outChannels,
                    textWidth);
            ConfigException.require(
                    numHeads > 0
                            && hiddenSize > 0
                            && hiddenSize % numHeads == 0
                            && hiddenSize % 4 == 0,
                    "hidden_size %d must be divisible by num_heads %d and by 4",
                    hiddenSize,
                    numHeads);
            ConfigException.require(
                    !microConditions || hiddenSize % 3 == 0,
                    "hidden_size %d must be divisible by 3 with micro_condition",
                    hiddenSize);
            ConfigException.require(depth > 0, "depth must be positive but is %d", depth);
            ConfigException.require(
                    interpolation > 0 && normEps > 0,
                    "pe_interpolation and norm_eps must be positive but are %s and %s",
                    interpolation,
                    normEps);
        }

        /// Returns the width of the text in the blocks.
        int stateWidth() {
            return projectsText ? hiddenSize : textWidth;
        }
    }

    /// What is known of the picture that is asked for.
    ///
    /// @param size height and width in pixels `[B, 2]`
    /// @param ratio height over width `[B, 1]`
    public record Micro(Tensor size, Tensor ratio) {}

    /// What the picture is conditioned on.
    ///
    /// @param text states `[B, L, E]`, any number of tokens
    /// @param mask `[B, L]`: above 0 at real tokens, at least one of each text; null if all are
    /// @param micro null for a network without
    public record Conditions(Tensor text, @Nullable Tensor mask, @Nullable Micro micro) {}

    /// What the conditions are before the blocks, at any time.
    ///
    /// @param micro size and aspect ratio `[B, D]`, null for a network without
    /// @param text `[B, L, D]`
    /// @param mask added to the scores of the attention to the text `[B, 1, 1, L]`, or null
    public record Prepared(@Nullable Tensor micro, Attended text, @Nullable Tensor mask) {
        /// Returns those of a batch.
        ///
        /// @param numbers `[B]`, int64: which of these each sample has
        public Prepared rows(Tensor numbers) {
            return new Prepared(
                    micro == null ? null : Tensors.rows(micro, numbers),
                    text.rows(numbers),
                    mask == null ? null : Tensors.rows(mask, numbers));
        }
    }

    /// What the stages hand on.
    ///
    /// @param x tokens of the picture `[B, N, D]`
    /// @param c time, size and aspect ratio `[B, D]`
    /// @param modulation what all blocks share `[B, 6, D]`
    /// @param text `[B, L, D]`
    /// @param mask added to the scores of the attention to the text `[B, 1, 1, L]`, or null
    public record Hidden(
            Tensor x, Tensor c, Tensor modulation, Attended text, @Nullable Tensor mask) {}

    private record MicroEmbedders(TimestepEmbedding size, TimestepEmbedding ratio) {}

    private final Config config;
    private final PatchEmbed xEmbedder;
    private final TimestepEmbedding tEmbedder;
    private final Linear tBlock; // D to 6 D
    private final @Nullable Mlp yEmbedder;
    private final @Nullable MicroEmbedders micro;
    private final List<PixArtBlock> blocks = new ArrayList<>();
    private final Tensor finalTable; // [2, D]: shift and scale
    private final Linear finalLinear;
    private final Parameters parameters;

    /// Builds the network from named parameters.
    public PixArt(ParameterSource source, Config config) {
        this.config = config;
        int d = config.hiddenSize;
        int p = config.patchSize;
        Init normal = Init.normal(0.02);
        xEmbedder = PatchEmbed.of(source.at("x_embedder"), config.inChannels, d, p);
        tEmbedder = TimestepEmbedding.of(source.at("t_embedder"), d, 0);
        tBlock = source.linear("t_block.1", d, 6L * d, normal);
        yEmbedder = config.projectsText ? text(source.at("y_embedder.y_proj"), config) : null;
        micro = config.microConditions ? micro(source, d / 3) : null;
        for (int i = 0; i < config.depth; i++) {
            blocks.add(PixArtBlock.of(source.at("blocks." + i), config));
        }
        ParameterSource last = source.at("final_layer");
        finalLinear = last.linear("linear", d, (long) p * p * config.outChannels, Init.zeros());
        finalTable = last.parameter("scale_shift_table", Init.normal(1 / Math.sqrt(d)), 2, d);
        parameters = source.parameters();
    }

    private static Mlp text(ParameterSource source, Config config) {
        Init normal = Init.normal(0.02);
        int d = config.hiddenSize;
        return new Mlp(
                source.linear("fc1", config.textWidth, d, normal),
                source.linear("fc2", d, d, normal));
    }

    private static MicroEmbedders micro(ParameterSource source, long width) {
        return new MicroEmbedders(
                TimestepEmbedding.of(source.at("csize_embedder"), width, 0),
                TimestepEmbedding.of(source.at("ar_embedder"), width, 0));
    }

    /// Returns a network with fresh parameters, as the original code starts
    /// (PixArt-alpha/PixArt-sigma, `PixArt.py`, `initialize_weights`).
    public static PixArt initialise(Config config, Rng rng) {
        return new PixArt(ParameterSource.initialising(rng), config);
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

    /// Predicts the noise and, in the channels after it, what the published networks learned of the
    /// variance.
    ///
    /// @param x noisy latents `[B, C, H, W]`, H and W multiples of the patch
    /// @param t timesteps `[B]`, 0 to 999 in the published networks
    /// @return `[B, outputs, H, W]` in the caller's scope
    /// @throws ShapeException if a shape does not fit, or size and aspect ratio are missing or too
    ///   much
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
            return head(z, h.c, x.size(2), x.size(3)); // [B, outputs, H, W]
        });
    }

    /// Computes all of the conditions that is the same at all times. It belongs to the caller's
    /// innermost scope.
    public Prepared prepare(Conditions conditions) {
        Prepared p = embed(conditions);
        return new Prepared(
                p.micro, p.text.known(blocks, (b, text) -> b.cross().keysValues(text)), p.mask);
    }

    /// Embeds noisy latents, time and text.
    public Hidden embed(Tensor x, Tensor t, Conditions conditions) {
        return embed(x, t, embed(conditions));
    }

    private Prepared embed(Conditions given) {
        Shapes.require(given.text, "text", Shapes.ANY, Shapes.ANY, config.textWidth);
        Tensor text = yEmbedder == null ? given.text : yEmbedder.forward(given.text); // [B, L, D]
        return new Prepared(
                embedMicro(given.micro, text.size(0)), Attended.of(text), mask(given, text));
    }

    private Hidden embed(Tensor x, Tensor t, Prepared conditions) {
        Shapes.require(x, "x", Shapes.ANY, config.inChannels, Shapes.ANY, Shapes.ANY);
        long b = x.size(0);
        Shapes.require(t, "t", b);
        Shapes.require(conditions.text.states(), "text", b, Shapes.ANY, config.stateWidth());
        int p = config.patchSize;
        if (x.size(2) % p != 0 || x.size(3) % p != 0) {
            throw new ShapeException(
                    "latents of %d x %d do not divide into patches of %d"
                            .formatted(x.size(2), x.size(3), p));
        }
        Tensor time = tEmbedder.forward(t); // [B, D]
        Tensor c = conditions.micro == null ? time : time.add(conditions.micro); // [B, D]
        Tensor positions = positions(x.size(2) / p, x.size(3) / p); // [1, N, D]
        return new Hidden(
                xEmbedder.forward(x).add(Ops.like(positions, x)), // [B, N, D]
                c,
                tBlock.forward(Ops.silu(c)).reshape(b, 6, config.hiddenSize), // [B, 6, D]
                conditions.text, // [B, L, D]
                conditions.mask); // [B, 1, 1, L]
    }

    private static @Nullable Tensor mask(Conditions conditions, Tensor text) {
        if (conditions.mask == null) {
            return null;
        }
        Shapes.require(conditions.mask, "mask", text.size(0), text.size(1));
        return AttentionMask.of(conditions.mask, text);
    }

    /// Embeds height, width and aspect ratio, each into a third of the channels, `[B, D]`.
    private @Nullable Tensor embedMicro(@Nullable Micro given, long b) {
        if ((micro == null) != (given == null)) {
            throw new ShapeException(
                    "the network has %s input for size and aspect ratio but was given %s"
                            .formatted(
                                    micro == null ? "no" : "an", given == null ? "none" : "one"));
        }
        if (micro == null || given == null) {
            return null;
        }
        Shapes.require(given.size, "size", b, 2);
        Shapes.require(given.ratio, "ratio", b, 1);
        Tensor size = micro.size.forward(given.size.flatten(0, 1)); // [2 B, D / 3]
        Tensor ratio = micro.ratio.forward(given.ratio.flatten(0, 1)); // [B, D / 3]
        return Ops.cat(1, size.reshape(b, -1), ratio); // [B, D]
    }

    /// Positions of any grid span the usual one, over the interpolation.
    private Tensor positions(long h, long w) {
        int grid = config.inputSize / config.patchSize;
        double span = grid / config.interpolation;
        return Positions.sinCos2d(config.hiddenSize, (int) h, (int) w, span / h, span / w);
    }

    /// Returns the number of blocks.
    public int depth() {
        return config.depth;
    }

    /// Applies block `i` to the tokens `[B, N, D]`.
    public Tensor block(int i, Tensor x, Hidden h) {
        PixArtBlock block = blocks.get(i);
        KeysValues text = h.text.at(i, block.cross()::keysValues);
        return block.forward(x, h.modulation, text, h.mask);
    }

    /// Turns the last tokens into the prediction.
    ///
    /// @param x `[B, N, D]`
    /// @param c time, size and aspect ratio `[B, D]`
    /// @param h height of the latents
    /// @param w width of the latents
    /// @return `[B, outputs, H, W]`
    public Tensor head(Tensor x, Tensor c, long h, long w) {
        Tensor[] m = Ops.chunk(c.unsqueeze(1).add(finalTable), 2, 1); // shift, scale: [B, 1, D]
        Tensor z = Modulation.modulate(LayerNorm.plain(EPS).forward(x), m[0], m[1]); // [B, N, D]
        int p = config.patchSize;
        Tensor out = finalLinear.forward(z); // [B, N, P * P * outputs]
        return Patches.unpatchify(out, p, h / p, w / p); // [B, outputs, H, W]
    }

    @Override
    public void close() {
        parameters.close();
    }
}
