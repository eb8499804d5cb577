package org.dit4j.model;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.nn.Init;
import org.dit4j.nn.LayerNorm;
import org.dit4j.nn.Linear;
import org.dit4j.nn.Modulation;
import org.dit4j.nn.ParameterSource;
import org.dit4j.nn.Parameters;
import org.dit4j.nn.Patches;
import org.dit4j.nn.Rotary;
import org.dit4j.nn.SiluMlp;
import org.dit4j.nn.TimestepEmbedding;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.ShapeException;
import org.dit4j.tensor.Shapes;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;
import org.jspecify.annotations.Nullable;

/// The network of FLUX.1 (black-forest-labs/flux, `model.py`): text-conditional; text and picture
/// attend to each other in one sequence, with weights of their own in the first blocks and the same
/// weights in the later ones. The distilled network takes the strength of guidance as an input.
///
/// Parameter names are those of the original code. Thread-safe for inference: parameters are only
/// read.
public final class Flux implements AutoCloseable {
    /// Hidden width of the MLPs over D.
    static final long MLP_RATIO = 4;

    /// Time and guidance are multiplied by it.
    private static final double TIME_FACTOR = 1000;

    /// Side of the patches that are a token.
    private static final int PATCH = 2;

    /// The numbers of a network.
    ///
    /// @param inChannels width of a token that goes in, C: 4 times the channels of the latents,
    ///   more where a picture to edit goes in as well
    /// @param outChannels width of a token of the prediction
    /// @param hiddenSize width D
    /// @param depth number of double blocks
    /// @param singleDepth number of single blocks
    /// @param numHeads heads of the attention
    /// @param textWidth of the text's states, E
    /// @param pooledWidth of the pooled text, P
    /// @param axes channels of a head that turn with each axis of the positions, even; their sum is
    ///   the width of a head
    /// @param guidance whether the strength of guidance is an input
    public record Config(
            int inChannels,
            int outChannels,
            int hiddenSize,
            int depth,
            int singleDepth,
            int numHeads,
            int textWidth,
            int pooledWidth,
            List<Integer> axes,
            boolean guidance) {
        /// Checks the rules that hold between the numbers.
        public Config {
            axes = List.copyOf(axes);
            ConfigException.require(
                    inChannels > 0 && outChannels > 0,
                    "in_channels and out_channels must be positive but are %d and %d",
                    inChannels,
                    outChannels);
            ConfigException.require(
                    numHeads > 0 && hiddenSize > 0 && hiddenSize % numHeads == 0,
                    "hidden_size %d must be divisible by num_heads %d",
                    hiddenSize,
                    numHeads);
            ConfigException.require(
                    depth >= 0 && singleDepth >= 0,
                    "depth and depth_single_blocks must not be negative but are %d and %d",
                    depth,
                    singleDepth);
            ConfigException.require(
                    textWidth > 0 && pooledWidth > 0,
                    "context_in_dim and vec_in_dim must be positive but are %d and %d",
                    textWidth,
                    pooledWidth);
            ConfigException.require(
                    axes.stream().allMatch(k -> k > 0 && k % 2 == 0)
                            && axes.stream().mapToInt(k -> k).sum() == hiddenSize / numHeads,
                    "axes_dim must be even numbers with the sum %d but are %s",
                    hiddenSize / numHeads,
                    axes);
        }

        /// Returns the width of a head, K.
        int headWidth() {
            return hiddenSize / numHeads;
        }
    }

    /// What the network is given.
    ///
    /// @param x noisy tokens `[B, N, C]`, see [#pack]
    /// @param t share of noise `[B]`, 0 to 1
    /// @param text states `[B, L, E]`, any number of tokens
    /// @param pooled pooled text `[B, P]`
    /// @param guidance strength of guidance `[B]`, such as 3.5; null for a network without
    /// @param textPositions of the text's tokens `[L, axes]`, zeros in the published networks
    /// @param positions of the picture's tokens `[N, axes]`, see [#grid]
    public record Inputs(
            Tensor x,
            Tensor t,
            Tensor text,
            Tensor pooled,
            @Nullable Tensor guidance,
            Tensor textPositions,
            Tensor positions) {}

    /// What the stages hand on.
    ///
    /// @param text `[B, L, D]`
    /// @param x tokens of the picture `[B, N, D]`
    /// @param c time, guidance and pooled text `[B, D]`
    /// @param positions of text and picture `[L + N, K]`
    public record Hidden(Tensor text, Tensor x, Tensor c, Rotary positions) {}

    private final Config config;
    private final Linear imgIn;
    private final Linear txtIn;
    private final TimestepEmbedding timeIn;
    private final SiluMlp vectorIn;
    private final @Nullable TimestepEmbedding guidanceIn;
    private final List<MmDitBlock> doubleBlocks = new ArrayList<>();
    private final List<FluxSingleBlock> singleBlocks = new ArrayList<>();
    private final Modulation finalModulation;
    private final Linear finalLinear;
    private final Parameters parameters;

    /// Builds the network from named parameters.
    public Flux(ParameterSource source, Config config) {
        this.config = config;
        int d = config.hiddenSize;
        imgIn = source.linear("img_in", config.inChannels, d);
        txtIn = source.linear("txt_in", config.textWidth, d);
        timeIn = time(source.at("time_in"), d);
        vectorIn = embedder(source.at("vector_in"), config.pooledWidth, d);
        guidanceIn = config.guidance ? time(source.at("guidance_in"), d) : null;
        for (int i = 0; i < config.depth; i++) {
            doubleBlocks.add(FluxDoubleBlock.of(source.at("double_blocks." + i), config));
        }
        for (int i = 0; i < config.singleDepth; i++) {
            singleBlocks.add(FluxSingleBlock.of(source.at("single_blocks." + i), config));
        }
        ParameterSource last = source.at("final_layer");
        finalLinear = last.linear("linear", d, config.outChannels, Init.zeros());
        finalModulation = Modulation.of(last.at("adaLN_modulation"), d, 2);
        parameters = source.parameters();
    }

    private static TimestepEmbedding time(ParameterSource source, int width) {
        SiluMlp mlp = embedder(source, TimestepEmbedding.FREQUENCIES, width);
        return new TimestepEmbedding(mlp.fc1(), mlp.fc2(), 0);
    }

    private static SiluMlp embedder(ParameterSource source, int in, int width) {
        Init normal = Init.normal(0.02);
        return new SiluMlp(
                source.linear("in_layer", in, width, normal),
                source.linear("out_layer", width, width, normal));
    }

    /// Returns a network with fresh parameters, as DiT starts, since no training code of FLUX.1 is
    /// published: Xavier for linear layers, normal with std 0.02 for the embeddings of time,
    /// guidance and pooled text, zero for modulations and the output.
    public static Flux initialise(Config config, Rng rng) {
        return new Flux(ParameterSource.initialising(rng), config);
    }

    /// Returns the configuration.
    public Config config() {
        return config;
    }

    /// Returns the element type of the weights, which tokens and text must have.
    public Dtype dtype() {
        return finalLinear.dtype();
    }

    /// Returns all parameters, which live as long as the network.
    public Parameters parameters() {
        return parameters;
    }

    /// Turns latents `[B, C, H, W]` of even height and width into tokens `[B, H W / 4, 4 C]`, each
    /// ordered channel, row, column (black-forest-labs/flux, `sampling.py`, `prepare`).
    public static Tensor pack(Tensor latents) {
        return Patches.patchify(latents, PATCH);
    }

    /// Turns tokens back into latents of `h` rows and `w` columns.
    ///
    /// @param tokens `[B, H W / 4, 4 C]`
    public static Tensor unpack(Tensor tokens, long h, long w) {
        long c = tokens.size(2) / (PATCH * PATCH);
        return tokens.reshape(tokens.size(0), h / PATCH, w / PATCH, c, PATCH, PATCH)
                .permute(0, 3, 1, 4, 2, 5)
                .reshape(tokens.size(0), c, h, w);
    }

    /// Returns the positions of a picture's tokens, row by row, `[H W / 4, 3]`: zero, row, column.
    ///
    /// @param h height of the latents
    /// @param w width of the latents
    public static Tensor grid(int h, int w) {
        int columns = w / PATCH;
        int tokens = h / PATCH * columns;
        var all = new float[tokens * 3];
        for (int i = 0; i < tokens; i++) {
            int row = i / columns;
            all[3 * i + 1] = row;
            all[3 * i + 2] = i % columns;
        }
        return Tensors.of(all, tokens, 3);
    }

    /// Predicts the velocity, noise minus data in the published networks.
    ///
    /// @return `[B, N, outputs]` in the caller's scope
    /// @throws ShapeException if a shape does not fit, or guidance is missing or too much
    public Tensor forward(Inputs in) {
        return forward(in, FluxResiduals.NONE);
    }

    /// The same with what a ControlNet adds.
    public Tensor forward(Inputs in, FluxResiduals residuals) {
        return TensorScope.compute(() -> {
            Hidden h = embed(in);
            for (int i = 0; i < depth(); i++) {
                Hidden next = compute(i, h, residuals);
                h.x.close();
                h.text.close();
                h = next;
            }
            return head(h.x, h.c); // [B, N, outputs]
        });
    }

    private Hidden compute(int i, Hidden h, FluxResiduals residuals) {
        try (var scope = TensorScope.open()) {
            Hidden next = block(i, h);
            Tensor x =
                    i < config.depth
                            ? residuals.afterDouble(next.x, i, config.depth)
                            : residuals.afterSingle(next.x, i - config.depth, config.singleDepth);
            scope.promote(x);
            scope.promote(next.text);
            return new Hidden(next.text, x, h.c, h.positions);
        }
    }

    /// Embeds noisy tokens, time, guidance and text.
    public Hidden embed(Inputs in) {
        Shapes.require(in.x, "x", Shapes.ANY, Shapes.ANY, config.inChannels);
        long b = in.x.size(0);
        Shapes.require(in.text, "text", b, Shapes.ANY, config.textWidth);
        Shapes.require(in.pooled, "pooled", b, config.pooledWidth);
        Shapes.require(in.positions, "positions", in.x.size(1), config.axes.size());
        Shapes.require(in.textPositions, "text positions", in.text.size(1), config.axes.size());
        Tensor both = Ops.cat(0, in.textPositions, in.positions); // [L + N, axes]
        return new Hidden(
                txtIn.forward(in.text), // [B, L, D]
                imgIn.forward(in.x), // [B, N, D]
                conditions(in, b), // [B, D]
                Rotary.axes(config.axes, both).on(in.x)); // [L + N, K]
    }

    private Tensor conditions(Inputs in, long b) {
        Tensor c = timeIn.forward(thousandfold(in.t, "t", b)).add(vectorIn.forward(in.pooled));
        if ((guidanceIn == null) != (in.guidance == null)) {
            throw new ShapeException(
                    "the network has %s input for the strength of guidance but was given %s"
                            .formatted(
                                    guidanceIn == null ? "no" : "an",
                                    in.guidance == null ? "none" : "one"));
        }
        return guidanceIn == null || in.guidance == null
                ? c
                : c.add(guidanceIn.forward(thousandfold(in.guidance, "guidance", b)));
    }

    private static Tensor thousandfold(Tensor t, String name, long b) {
        return Ops.mul(Ops.to(Shapes.require(t, name, b), Dtype.FLOAT32), TIME_FACTOR);
    }

    /// Returns the number of blocks, double and single.
    public int depth() {
        return config.depth + config.singleDepth;
    }

    /// Applies block `i`, the double ones first.
    public Hidden block(int i, Hidden h) {
        if (i < config.depth) {
            MmDitBlock.Tokens next =
                    doubleBlocks.get(i).forward(h.text, h.x, h.c, h.positions); // both sequences
            return new Hidden(next.text(), next.x(), h.c, h.positions);
        }
        long l = h.text.size(1);
        Tensor joint = Ops.cat(1, h.text, h.x); // [B, L + N, D]
        Tensor next = singleBlocks.get(i - config.depth).forward(joint, h.c, h.positions);
        return new Hidden(
                next.narrow(1, 0, l), // [B, L, D]
                next.narrow(1, l, h.x.size(1)), // [B, N, D]
                h.c,
                h.positions);
    }

    /// Turns the last tokens into the prediction `[B, N, outputs]`.
    ///
    /// @param x `[B, N, D]`
    /// @param c conditioning `[B, D]`
    public Tensor head(Tensor x, Tensor c) {
        Tensor[] m = finalModulation.forward(c); // shift and scale, each [B, 1, D]
        LayerNorm norm = LayerNorm.plain(MmDitStream.EPS);
        return finalLinear.forward(Modulation.modulate(norm.forward(x), m[0], m[1]));
    }

    @Override
    public void close() {
        parameters.close();
    }
}
