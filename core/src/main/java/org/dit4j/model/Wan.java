package org.dit4j.model;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.nn.Attended;
import org.dit4j.nn.Init;
import org.dit4j.nn.LayerNorm;
import org.dit4j.nn.Linear;
import org.dit4j.nn.Modulation;
import org.dit4j.nn.ParameterSource;
import org.dit4j.nn.Parameters;
import org.dit4j.nn.Rotary;
import org.dit4j.nn.SiluMlp;
import org.dit4j.nn.TimestepEmbedding;
import org.dit4j.nn.VideoPatch;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.ShapeException;
import org.dit4j.tensor.Shapes;
import org.dit4j.tensor.TensorScope;
import org.jspecify.annotations.Nullable;

/// Wan 2.1, a text-to-video and image-to-video network (Wan team 2025, arXiv:2503.20314;
/// Wan-Video/Wan2.1, `wan/modules/model.py`): all tokens of a video attend to each other, then to
/// the text and, if there is one, to an image. The networks of Wan 2.2 are of the same kind.
///
/// Parameter names are those of the original code. Thread-safe for inference: parameters are only
/// read.
public final class Wan implements AutoCloseable {
    /// The numbers of a network.
    ///
    /// @param patch what becomes one token
    /// @param inChannels channels of the latents, with those of a condition beside them, C
    /// @param outChannels channels of the prediction
    /// @param hiddenSize width D
    /// @param depth number of blocks
    /// @param numHeads heads of the attention
    /// @param ffnWidth hidden width of the MLPs
    /// @param frequencies sinusoids that embed the time
    /// @param textWidth of the text's states, E
    /// @param imageWidth of the image's states, I; 0 if there is no image
    /// @param imagePositions learned positions of the image's states; 0 if there are none
    /// @param maxPositions how many patches a video may have along each axis
    /// @param crossNorm whether the tokens are normalised before they attend to the text
    /// @param eps added to variances and mean squares
    public record Config(
            VideoPatch patch,
            int inChannels,
            int outChannels,
            int hiddenSize,
            int depth,
            int numHeads,
            int ffnWidth,
            int frequencies,
            int textWidth,
            int imageWidth,
            int imagePositions,
            int maxPositions,
            boolean crossNorm,
            double eps) {
        /// Checks the rules that hold between the numbers.
        public Config {
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
                    hiddenSize / numHeads >= 6 && hiddenSize / numHeads % 2 == 0,
                    "the width of a head must be even and at least 6 but is %d",
                    hiddenSize / numHeads);
            ConfigException.require(depth > 0, "depth must be positive but is %d", depth);
            ConfigException.require(
                    ffnWidth > 0 && textWidth > 0 && maxPositions > 0 && eps >= 0,
                    "ffn_dim %d, text_dim %d and rope_max_seq_len %d must be positive, eps %s not"
                            + " negative",
                    ffnWidth,
                    textWidth,
                    maxPositions,
                    eps);
            ConfigException.require(
                    frequencies > 0 && frequencies % 2 == 0,
                    "freq_dim must be positive and even but is %d",
                    frequencies);
            ConfigException.require(
                    imageWidth >= 0
                            && imagePositions >= 0
                            && (imageWidth > 0 || imagePositions == 0),
                    "image_dim %d must be positive where there are %d positions of the image",
                    imageWidth,
                    imagePositions);
        }

        /// Channels of a head that turn with the frame, the row and the column.
        List<Integer> axes() {
            int k = hiddenSize / numHeads;
            int side = k / 6 * 2;
            return List.of(k - 2 * side, side, side);
        }
    }

    /// What the tokens of the video attend to.
    ///
    /// @param text `[B, L, D]`
    /// @param image `[B, M, D]` or null
    public record Context(Attended text, @Nullable Attended image) {
        /// Returns that of a batch.
        ///
        /// @param numbers `[B]`, int64: which of these each sample has
        public Context rows(Tensor numbers) {
            return new Context(text.rows(numbers), image == null ? null : image.rows(numbers));
        }
    }

    /// What the stages hand on.
    ///
    /// @param x tokens `[B, N, D]`
    /// @param c time `[B, 1, D]`, or `[B, N, D]` where each token has a time of its own
    /// @param time what modulates the blocks, `[B, 1 or N, 6, D]`
    /// @param context text and image
    /// @param positions of the tokens
    public record Hidden(Tensor x, Tensor c, Tensor time, Context context, Rotary positions) {}

    private final Config config;
    private final Tensor patchWeight; // [D, C, PT, PH, PW]
    private final Tensor patchBias; // [D]
    private final WanText textEmbedding;
    private final SiluMlp timeEmbedding;
    private final Linear timeProjection;
    private final @Nullable WanImage imageEmbedding;
    private final List<WanBlock> blocks = new ArrayList<>();
    private final Linear head;
    private final Tensor headModulation; // [1, 2, D]
    private final Parameters parameters;

    /// Builds the network from named parameters.
    public Wan(ParameterSource source, Config config) {
        this.config = config;
        int d = config.hiddenSize;
        VideoPatch p = config.patch;
        Init normal = Init.normal(0.02);
        ParameterSource patches = source.at("patch_embedding");
        patchWeight =
                patches.parameter(
                        "weight",
                        Init.xavierUniform(),
                        d,
                        config.inChannels,
                        p.frames(),
                        p.height(),
                        p.width());
        patchBias = patches.parameter("bias", Init.zeros(), d);
        textEmbedding = WanText.of(source.at("text_embedding"), config.textWidth, d);
        timeEmbedding = SiluMlp.of(source.at("time_embedding"), config.frequencies, d, d, normal);
        timeProjection = source.linear("time_projection.1", d, 6L * d);
        for (int i = 0; i < config.depth; i++) {
            blocks.add(WanBlock.of(source.at("blocks." + i), config));
        }
        ParameterSource last = source.at("head");
        head = last.linear("head", d, p.volume() * config.outChannels, Init.zeros());
        headModulation = last.parameter("modulation", Init.normal(1 / Math.sqrt(d)), 1, 2, d);
        imageEmbedding = config.imageWidth > 0 ? WanImage.of(source.at("img_emb"), config) : null;
        parameters = source.parameters();
    }

    /// Returns a network with fresh parameters, as the original code starts: Xavier for linear
    /// layers, normal with std 0.02 for embeddings of time and text, with std `1 / sqrt(D)` for
    /// modulations, zero for the output.
    public static Wan initialise(Config config, Rng rng) {
        return new Wan(ParameterSource.initialising(rng), config);
    }

    /// Returns the configuration.
    public Config config() {
        return config;
    }

    /// Returns the element type of the weights, which latents and states must have.
    public Dtype dtype() {
        return head.dtype();
    }

    /// Returns all parameters, which live as long as the network.
    public Parameters parameters() {
        return parameters;
    }

    /// Predicts the velocity, noise minus data.
    ///
    /// @param x noisy latents, and a condition in more channels where the network has them, `[B, C,
    ///   F, H, W]`, divisible by the patch
    /// @param t 1000 times the share of noise: `[B]`, or `[B, N]` for each token by itself
    /// @param text states `[B, L, E]`; the published networks have 512 tokens, padding zero
    /// @param image states of an image `[B, M, I]`, null if the network takes none; with learned
    ///   positions the states of the first and the last image may be two examples, `[2 B, M, I]`
    /// @return `[B, outputs, F, H, W]` in the caller's scope
    /// @throws ShapeException if a shape does not fit or there are more patches than positions
    public Tensor forward(Tensor x, Tensor t, Tensor text, @Nullable Tensor image) {
        return TensorScope.compute(() -> forward(x, t, context(text, image, x.size(0))));
    }

    /// The same with what [#prepare] gave, for the calls of a run.
    public Tensor forward(Tensor x, Tensor t, Context context) {
        return TensorScope.compute(() -> {
            Hidden h = embed(x, t, context);
            Tensor last = throughAll(h); // [B, N, D]
            return head(last, h.c, grid(x)); // [B, outputs, F, H, W]
        });
    }

    private Tensor throughAll(Hidden h) {
        if (!Ops.isGradEnabled()) {
            List<Integer> all = IntStream.range(0, depth()).boxed().toList();
            return TensorScope.fold(h.x, all, (z, i) -> block(i, z, h));
        }
        Tensor z = h.x;
        for (int i = 0; i < depth(); i++) {
            z = block(i, z, h);
        }
        return z;
    }

    /// Computes all of text and image that is the same at all times. It belongs to the caller's
    /// innermost scope.
    ///
    /// @param text as for [#forward(Tensor, Tensor, Tensor, Tensor)]
    /// @param image the same
    public Context prepare(Tensor text, @Nullable Tensor image) {
        Context c = context(text, image, text.size(0));
        return new Context(
                c.text.known(blocks, WanBlock::text),
                c.image == null ? null : c.image.known(blocks, WanBlock::image));
    }

    private Context context(Tensor text, @Nullable Tensor image, long b) {
        Shapes.require(text, "text", b, Shapes.ANY, config.textWidth);
        Tensor seen = image(image, b);
        return new Context(
                Attended.of(textEmbedding.forward(text)), seen == null ? null : Attended.of(seen));
    }

    /// Embeds noisy latents, time, text and image.
    public Hidden embed(Tensor x, Tensor t, Tensor text, @Nullable Tensor image) {
        return embed(x, t, context(text, image, x.size(0)));
    }

    private Hidden embed(Tensor x, Tensor t, Context context) {
        Shapes.require(x, "x", Shapes.ANY, config.inChannels, Shapes.ANY, Shapes.ANY, Shapes.ANY);
        long b = x.size(0);
        Shapes.require(context.text.states(), "text", b, Shapes.ANY, config.hiddenSize);
        Tensor z = Ops.linear(config.patch.patchify(x), patchWeight.flatten(1, -1), patchBias);
        Tensor c = time(t, b, z.size(1)); // [B, 1 or N, D]
        Tensor m = timeProjection.forward(Ops.silu(c)); // [B, 1 or N, 6 D]
        return new Hidden(
                z,
                c,
                m.reshape(b, m.size(1), 6, config.hiddenSize),
                context,
                positions(grid(x)).on(x));
    }

    private Tensor time(Tensor t, long b, long n) {
        if (t.dim() == 2) {
            Shapes.require(t, "t", b, n);
        } else {
            Shapes.require(t, "t", b);
        }
        Tensor f = TimestepEmbedding.sinusoids(t.flatten(), config.frequencies, 0);
        Tensor c = timeEmbedding.forward(Ops.like(f, head.weight())); // [B or B N, D]
        return c.reshape(b, t.dim() == 2 ? n : 1, config.hiddenSize);
    }

    private @Nullable Tensor image(@Nullable Tensor image, long b) {
        if ((image == null) != (imageEmbedding == null)) {
            throw new ShapeException(
                    image == null
                            ? "the network needs the states of an image"
                            : "the network takes no states of an image");
        }
        if (image == null || imageEmbedding == null) {
            return null;
        }
        Tensor y = imageEmbedding.forward(image); // [B, M, D]
        Shapes.require(y, "image", b, Shapes.ANY, config.hiddenSize);
        return y;
    }

    private VideoPatch.Grid grid(Tensor x) {
        return config.patch.grid(x.size(2), x.size(3), x.size(4));
    }

    private Rotary positions(VideoPatch.Grid g) {
        if (Math.max(g.frames(), Math.max(g.rows(), g.columns())) > config.maxPositions) {
            throw new ShapeException(
                    "a video of %d x %d x %d patches has more than the %d positions of an axis"
                            .formatted(g.frames(), g.rows(), g.columns(), config.maxPositions));
        }
        return Rotary.axes(config.axes(), g.places()); // [N, K]
    }

    /// Returns the number of blocks.
    public int depth() {
        return config.depth;
    }

    /// Applies block `i` to the tokens `[B, N, D]`.
    ///
    /// @param h what [#embed] gave
    public Tensor block(int i, Tensor x, Hidden h) {
        WanBlock block = blocks.get(i);
        Context c = h.context;
        return block.forward(
                x,
                h.time,
                c.text.at(i, block::text),
                c.image == null ? null : c.image.at(i, block::image),
                h.positions);
    }

    /// Turns the last tokens into the prediction.
    ///
    /// @param x `[B, N, D]`
    /// @param c time `[B, 1 or N, D]`
    /// @param grid of patches
    /// @return `[B, outputs, F, H, W]`
    public Tensor head(Tensor x, Tensor c, VideoPatch.Grid grid) {
        Tensor m = c.unsqueeze(2).add(headModulation.unsqueeze(0)); // [B, 1 or N, 2, D]
        Tensor z = LayerNorm.plain(config.eps).forward(x); // [B, N, D]
        z = Modulation.modulate(z, m.select(2, 0), m.select(2, 1)); // [B, N, D]
        return config.patch.unpatchify(head.forward(z), grid);
    }

    @Override
    public void close() {
        parameters.close();
    }
}
