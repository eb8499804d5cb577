package org.dit4j.model;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.nn.Attended;
import org.dit4j.nn.AttentionMask;
import org.dit4j.nn.Init;
import org.dit4j.nn.KeysValues;
import org.dit4j.nn.LayerNorm;
import org.dit4j.nn.Linear;
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
import org.jspecify.annotations.Nullable;

/// Latte, text-conditional (Ma et al. 2024, arXiv:2401.03048; Vchitect/Latte,
/// `models/latte_t2v.py`; diffusers, `latte_transformer_3d.py`): blocks within a frame, which also
/// attend to the text, and blocks over time take turns.
///
/// Parameter names are those of diffusers, which are those of the original code. Thread-safe for
/// inference: parameters are only read.
public final class LatteText implements AutoCloseable {
    /// Epsilon of the last norm.
    private static final double LAST_EPS = 1e-6;

    /// Sides of latents for which positions are one apart.
    private static final int BASE = 64;

    /// The numbers of a network.
    ///
    /// @param inputSize usual height and width of the latents; others work as well
    /// @param patchSize side of a patch
    /// @param inChannels channels of the latents C
    /// @param outChannels channels of the prediction
    /// @param hiddenSize width D
    /// @param depth number of pairs of blocks
    /// @param numHeads heads of the attention
    /// @param textWidth of the text's states, E
    /// @param numFrames frames F of every video of more than one
    /// @param attentionBias whether queries, keys and values have biases
    /// @param affineNorms whether the norms of the blocks have weights
    /// @param normEps of the norms of the blocks
    public record Config(
            int inputSize,
            int patchSize,
            int inChannels,
            int outChannels,
            int hiddenSize,
            int depth,
            int numHeads,
            int textWidth,
            int numFrames,
            boolean attentionBias,
            boolean affineNorms,
            double normEps) {
        /// Checks the rules that hold between the numbers.
        public Config {
            ConfigException.require(
                    patchSize > 0 && inputSize >= patchSize,
                    "sample_size %d must be at least patch_size %d, which must be positive",
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
            ConfigException.require(
                    depth > 0 && textWidth > 0 && numFrames > 0 && normEps >= 0,
                    "num_layers %d, caption_channels %d and video_length %d must be positive,"
                            + " norm_eps %s not negative",
                    depth,
                    textWidth,
                    numFrames,
                    normEps);
        }
    }

    /// What the stages hand on.
    ///
    /// @param x tokens `[B F, N, D]`
    /// @param c time `[B, D]`
    /// @param time what modulates the blocks `[B, 6, D]`
    /// @param text `[B, L, D]`
    /// @param mask added to the scores of the attention to the text, or null
    public record Hidden(Tensor x, Tensor c, Tensor time, Attended text, @Nullable Tensor mask) {}

    private final Config config;
    private final PatchEmbed patches;
    private final List<LatteTextBlock> spatial = new ArrayList<>();
    private final List<LatteTextBlock> temporal = new ArrayList<>();
    private final Tensor lastTable; // [2, D]
    private final Linear last;
    private final Linear time1;
    private final Linear time2;
    private final Linear timeAll;
    private final Linear text1;
    private final Linear text2;
    private final Parameters parameters;

    /// Builds the network from named parameters.
    public LatteText(ParameterSource source, Config config) {
        this.config = config;
        int d = config.hiddenSize;
        int p = config.patchSize;
        Init normal = Init.normal(0.02);
        patches = PatchEmbed.of(source.at("pos_embed"), config.inChannels, d, p);
        for (int i = 0; i < config.depth; i++) {
            spatial.add(LatteTextBlock.of(source.at("transformer_blocks." + i), config, true));
            temporal.add(
                    LatteTextBlock.of(
                            source.at("temporal_transformer_blocks." + i), config, false));
        }
        lastTable = source.parameter("scale_shift_table", Init.normal(1 / Math.sqrt(d)), 2, d);
        last = source.linear("proj_out", d, (long) p * p * config.outChannels, Init.zeros());
        ParameterSource time = source.at("adaln_single");
        ParameterSource embedder = time.at("emb.timestep_embedder");
        time1 = embedder.linear("linear_1", TimestepEmbedding.FREQUENCIES, d, normal);
        time2 = embedder.linear("linear_2", d, d, normal);
        timeAll = time.linear("linear", d, 6L * d, normal);
        text1 = source.linear("caption_projection.linear_1", config.textWidth, d, normal);
        text2 = source.linear("caption_projection.linear_2", d, d, normal);
        parameters = source.parameters();
    }

    /// Returns a network with fresh parameters, as PixArt starts: Xavier for linear layers, normal
    /// with std 0.02 for the embeddings of time and text, zero for the output.
    public static LatteText initialise(Config config, Rng rng) {
        return new LatteText(ParameterSource.initialising(rng), config);
    }

    /// Returns the configuration.
    public Config config() {
        return config;
    }

    /// Returns the element type of the weights, which latents and text must have.
    public Dtype dtype() {
        return last.dtype();
    }

    /// Returns all parameters, which live as long as the network.
    public Parameters parameters() {
        return parameters;
    }

    /// Predicts the noise and, if it was learned, the variance.
    ///
    /// @param x noisy latents `[B, C, F, H, W]`: F frames as configured, or one; any frames without
    ///   attention over time
    /// @param t diffusion step `[B]`
    /// @param text states `[B, L, E]`
    /// @param mask `[B, L]`: above 0 at real tokens; null if all are
    /// @param overTime whether the blocks over time are applied
    /// @return `[B, outputs, F, H, W]` in the caller's scope
    /// @throws ShapeException if a shape does not fit
    public Tensor forward(
            Tensor x, Tensor t, Tensor text, @Nullable Tensor mask, boolean overTime) {
        return TensorScope.compute(() -> forward(x, t, embed(text), mask, overTime));
    }

    /// The same with what [#prepare] gave, for the calls of a run.
    public Tensor forward(
            Tensor x, Tensor t, Attended text, @Nullable Tensor mask, boolean overTime) {
        return TensorScope.compute(() -> {
            long f = x.size(2);
            if (overTime && f != 1 && f != config.numFrames) {
                throw new ShapeException(
                        "a video must have %d frames or one but has %d"
                                .formatted(config.numFrames, f));
            }
            Hidden h = embed(x, t, text, mask);
            Tensor z = throughAll(h, overTime); // [B F, N, D]
            return head(z, h.c, x.size(3), x.size(4)); // [B, outputs, F, H, W]
        });
    }

    private Tensor throughAll(Hidden h, boolean overTime) {
        if (!Ops.isGradEnabled()) {
            return TensorScope.fold(
                    h.x,
                    IntStream.range(0, config.depth).boxed().toList(),
                    (z, i) -> pair(i, z, h, overTime));
        }
        Tensor z = h.x;
        for (int i = 0; i < config.depth; i++) {
            z = pair(i, z, h, overTime);
        }
        return z;
    }

    private Tensor pair(int i, Tensor x, Hidden h, boolean overTime) {
        Tensor z = withinFrames(i, x, h);
        return overTime ? overTime(i, z, h) : z;
    }

    /// Computes all of the text that is the same at all times. It belongs to the caller's innermost
    /// scope.
    ///
    /// @param text states `[B, L, E]`
    public Attended prepare(Tensor text) {
        return embed(text).known(spatial, LatteTextBlock::text);
    }

    private Attended embed(Tensor text) {
        Shapes.require(text, "text", Shapes.ANY, Shapes.ANY, config.textWidth);
        return Attended.of(text2.forward(text1.geluTanh(text))); // [B, L, D]
    }

    /// Embeds noisy latents, time and text.
    public Hidden embed(Tensor x, Tensor t, Tensor text, @Nullable Tensor mask) {
        return embed(x, t, embed(text), mask);
    }

    private Hidden embed(Tensor x, Tensor t, Attended text, @Nullable Tensor mask) {
        Shapes.require(x, "x", Shapes.ANY, config.inChannels, Shapes.ANY, Shapes.ANY, Shapes.ANY);
        long b = x.size(0);
        long f = x.size(2);
        Shapes.require(t, "t", b);
        Shapes.require(text.states(), "text", b, Shapes.ANY, config.hiddenSize);
        Tensor frames = x.transpose(1, 2).flatten(0, 1); // [B F, C, H, W]
        Tensor z = patches.forward(frames).add(positions(x.size(3), x.size(4), x));
        Tensor waves = TimestepEmbedding.sinusoids(t, TimestepEmbedding.FREQUENCIES, 0);
        Tensor c = time2.forward(Ops.silu(time1.forward(Ops.like(waves, x)))); // [B, D]
        Tensor all = timeAll.forward(Ops.silu(c)).reshape(b, 6, config.hiddenSize);
        return new Hidden(z, c, all, text, mask(mask, text.states(), f));
    }

    private static @Nullable Tensor mask(@Nullable Tensor mask, Tensor text, long f) {
        if (mask == null) {
            return null;
        }
        Shapes.require(mask, "mask", text.size(0), text.size(1));
        return VideoTokens.each(AttentionMask.of(mask, text), f); // [B F, 1, 1, L]
    }

    /// The table `[1, N, D]`: the usual grid spread over that of the latents (diffusers,
    /// `embeddings.py`, `PatchEmbed`).
    private Tensor positions(long height, long width, Tensor like) {
        int p = config.patchSize;
        if (height % p != 0 || width % p != 0 || height * width == 0) {
            throw new ShapeException(
                    "latents of %d x %d do not divide into patches of %d"
                            .formatted(height, width, p));
        }
        int h = (int) height / p;
        int w = (int) width / p;
        int scale = Math.max(config.inputSize / BASE, 1);
        int grid = config.inputSize / p;
        double base = (double) grid / scale;
        return Ops.like(Positions.sinCos2d(config.hiddenSize, h, w, base / h, base / w), like);
    }

    /// Returns the number of pairs of blocks.
    public int depth() {
        return config.depth;
    }

    /// Applies block `i` within each frame to the tokens `[B F, N, D]`.
    ///
    /// @param h what [#embed] gave
    public Tensor withinFrames(int i, Tensor x, Hidden h) {
        long f = x.size(0) / h.c.size(0);
        LatteTextBlock block = spatial.get(i);
        KeysValues text = h.text.at(i, block::text).each(y -> VideoTokens.each(y, f));
        return block.forward(x, VideoTokens.each(h.time, f), text, h.mask);
    }

    /// Applies block `i` over time to the tokens `[B F, N, D]`; the first one learns which frame is
    /// which.
    ///
    /// @param h what [#embed] gave
    public Tensor overTime(int i, Tensor x, Hidden h) {
        long f = x.size(0) / h.c.size(0);
        long n = x.size(1);
        Tensor z = VideoTokens.turn(x, f); // [B N, F, D]
        if (i == 0 && f > 1) {
            z = z.add(Ops.like(Positions.sinCos1d(config.hiddenSize, (int) f, 1), x));
        }
        z = temporal.get(i).forward(z, VideoTokens.each(h.time, n), null, null);
        return VideoTokens.turn(z, n); // [B F, N, D]
    }

    /// Turns the last tokens into the prediction.
    ///
    /// @param x `[B F, N, D]`
    /// @param c time `[B, D]`
    /// @param h height of the latents
    /// @param w width of the latents
    /// @return `[B, outputs, F, H, W]`
    public Tensor head(Tensor x, Tensor c, long h, long w) {
        long f = x.size(0) / c.size(0);
        int p = config.patchSize;
        Tensor m = VideoTokens.each(c.unsqueeze(1).add(lastTable), f); // [B F, 2, D]
        Tensor z = LayerNorm.plain(LAST_EPS).forward(x); // [B F, N, D]
        z = Modulation.modulate(z, m.narrow(1, 0, 1), m.narrow(1, 1, 1)); // [B F, N, D]
        Tensor out = Patches.unpatchify(last.forward(z), p, h / p, w / p);
        return out.reshape(c.size(0), f, out.size(1), h, w).transpose(1, 2);
    }

    @Override
    public void close() {
        parameters.close();
    }
}
