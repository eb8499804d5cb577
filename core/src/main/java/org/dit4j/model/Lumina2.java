package org.dit4j.model;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.nn.AttentionMask;
import org.dit4j.nn.Init;
import org.dit4j.nn.LayerNorm;
import org.dit4j.nn.Linear;
import org.dit4j.nn.Modulation;
import org.dit4j.nn.ParameterSource;
import org.dit4j.nn.Parameters;
import org.dit4j.nn.Patches;
import org.dit4j.nn.RmsNorm;
import org.dit4j.nn.Rotary;
import org.dit4j.nn.TimestepEmbedding;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.ShapeException;
import org.dit4j.tensor.Shapes;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;
import org.jspecify.annotations.Nullable;

/// Lumina-Image 2.0, the unified Next-DiT (Qin et al. 2025, arXiv:2503.21758;
/// Alpha-VLLM/Lumina-Image-2.0, `models/model.py`, `NextDiT`): text and picture are one sequence,
/// after each went through a few blocks of its own.
///
/// Parameter names are those of the original code. Thread-safe for inference: parameters are only
/// read.
public final class Lumina2 implements AutoCloseable {
    /// The arguments of the original constructor.
    ///
    /// @param inputSize usual height and width of the latents; others work as well
    /// @param patchSize side of a patch P
    /// @param inChannels channels of the latents C
    /// @param outChannels channels of the prediction; C in the original code
    /// @param layers sizes of the blocks
    /// @param refiners blocks of the text alone, and of the picture alone; `n_refiner_layers`
    /// @param textWidth width of the text's states E; `cap_feat_dim`
    /// @param axes channels of a head that turn with the place in the text, with the row, and with
    ///   the column; `axes_dims`
    /// @param positions how many positions there are on each of these axes; `axes_lens`
    public record Config(
            int inputSize,
            int patchSize,
            int inChannels,
            int outChannels,
            LuminaLayers layers,
            int refiners,
            int textWidth,
            List<Integer> axes,
            List<Integer> positions) {
        /// Checks the rules that hold between the numbers.
        public Config {
            axes = List.copyOf(axes);
            positions = List.copyOf(positions);
            ConfigException.require(
                    patchSize > 0 && inputSize > 0 && inputSize % patchSize == 0,
                    "input_size %d must be divisible by patch_size %d",
                    inputSize,
                    patchSize);
            ConfigException.require(
                    inChannels > 0 && outChannels > 0,
                    "in_channels and out_channels must be positive but are %d and %d",
                    inChannels,
                    outChannels);
            ConfigException.require(
                    refiners >= 0, "n_refiner_layers must not be negative but is %d", refiners);
            ConfigException.require(
                    textWidth > 0, "cap_feat_dim must be positive but is %d", textWidth);
            ConfigException.require(
                    axes.size() == 3
                            && axes.stream().allMatch(k -> k > 0 && k % 2 == 0)
                            && axes.stream().mapToInt(k -> k).sum() == layers.headWidth(),
                    "axes_dims must be three even numbers with the sum %d but are %s",
                    layers.headWidth(),
                    axes);
            ConfigException.require(
                    positions.size() == 3 && positions.stream().allMatch(n -> n > 0),
                    "axes_lens must be three positive numbers but are %s",
                    positions);
        }
    }

    /// What a text is before it meets the picture, at any time.
    ///
    /// @param text refined `[B, L, D]`
    /// @param mask `[B, L]`: above 0 at real tokens
    public record Prepared(Tensor text, Tensor mask) {
        /// Returns those of a batch.
        ///
        /// @param numbers `[B]`, int64: which of these each sample has
        public Prepared rows(Tensor numbers) {
            return new Prepared(Tensors.rows(text, numbers), Tensors.rows(mask, numbers));
        }
    }

    /// What the stages hand on.
    ///
    /// @param x tokens of the text, then of the picture, `[B, L + N, D]`
    /// @param c time, `[B, min(D, 1024)]`
    /// @param context what the tokens attend by
    public record Hidden(Tensor x, Tensor c, LuminaContext context) {}

    private final Config config;
    private final Linear xEmbedder;
    private final TimestepEmbedding tEmbedder;
    private final RmsNorm textNorm;
    private final Linear textEmbedder;
    private final List<LuminaBlock> textRefiner = new ArrayList<>();
    private final List<LuminaBlock> pictureRefiner = new ArrayList<>();
    private final List<LuminaBlock> blocks = new ArrayList<>();
    private final Linear finalLinear;
    private final Modulation finalModulation;
    private final Parameters parameters;

    /// Builds the network from named parameters.
    public Lumina2(ParameterSource source, Config config) {
        this.config = config;
        LuminaLayers layers = config.layers;
        int d = layers.dim();
        int p = config.patchSize;
        xEmbedder = source.linear("x_embedder", (long) p * p * config.inChannels, d);
        for (int i = 0; i < config.refiners; i++) {
            pictureRefiner.add(LuminaBlock.joint(source.at("noise_refiner." + i), layers, true));
            textRefiner.add(LuminaBlock.joint(source.at("context_refiner." + i), layers, false));
        }
        tEmbedder = TimestepEmbedding.of(source.at("t_embedder"), layers.conditionWidth(), 0);
        textNorm = source.rmsNorm("cap_embedder.0", config.textWidth, layers.normEps());
        textEmbedder = source.linear("cap_embedder.1", config.textWidth, d, Init.normal(0.02));
        for (int i = 0; i < layers.count(); i++) {
            blocks.add(LuminaBlock.joint(source.at("layers." + i), layers, true));
        }
        ParameterSource last = source.at("final_layer");
        finalLinear = last.linear("linear", d, (long) p * p * config.outChannels, Init.zeros());
        finalModulation = Modulation.of(last.at("adaLN_modulation"), layers.conditionWidth(), d, 1);
        parameters = source.parameters();
    }

    /// Returns a network with fresh parameters, as the original code starts: Xavier for linear
    /// layers, normal with std 0.02 for embeddings of time and text, zero for modulations and the
    /// output.
    public static Lumina2 initialise(Config config, Rng rng) {
        return new Lumina2(ParameterSource.initialising(rng), config);
    }

    /// Returns the configuration.
    public Config config() {
        return config;
    }

    /// Returns the element type of the weights, which latents and text states must have.
    public Dtype dtype() {
        return finalLinear.dtype();
    }

    /// Returns all parameters, which live as long as the network.
    public Parameters parameters() {
        return parameters;
    }

    /// Predicts the velocity from noise to picture.
    ///
    /// @param x noisy latents `[B, C, H, W]`, H and W divisible by the patch
    /// @param t time `[B]` in [0, 1]: 0 noise, 1 picture
    /// @param states of the text `[B, L, E]`
    /// @param mask `[B, L]`: above 0 at real tokens, of which there is at least one, then 0 at
    ///   padding
    /// @return `[B, outChannels, H, W]` in the caller's scope
    /// @throws ShapeException if a shape does not fit, there are more tokens, rows or columns than
    ///   positions, or real tokens stand behind padding
    public Tensor forward(Tensor x, Tensor t, Tensor states, Tensor mask) {
        return TensorScope.compute(() -> forward(x, t, prepare(states, mask)));
    }

    /// The same with what [#prepare] gave, for the calls of a run.
    public Tensor forward(Tensor x, Tensor t, Prepared text) {
        return TensorScope.compute(() -> {
            Hidden h = embed(x, t, text);
            Tensor last = throughAll(blocks, h.x, h.c, h.context); // [B, L + N, D]
            return head(last, h.c, x.size(2), x.size(3)); // [B, outChannels, H, W]
        });
    }

    private static Tensor throughAll(
            List<LuminaBlock> blocks, Tensor x, @Nullable Tensor c, LuminaContext context) {
        if (!Ops.isGradEnabled()) {
            return TensorScope.fold(x, blocks, (z, block) -> block.forward(z, c, context, null));
        }
        Tensor z = x;
        for (LuminaBlock block : blocks) {
            z = block.forward(z, c, context, null);
        }
        return z;
    }

    /// Embeds noisy latents, time and text, and refines text and picture by themselves.
    public Hidden embed(Tensor x, Tensor t, Tensor states, Tensor mask) {
        return embed(x, t, prepare(states, mask));
    }

    /// Embeds and refines the text, which is the same at all times. It belongs to the caller's
    /// innermost scope.
    ///
    /// @param states as for [#forward(Tensor, Tensor, Tensor, Tensor)]
    /// @param mask the same
    public Prepared prepare(Tensor states, Tensor mask) {
        Shapes.require(states, "states", Shapes.ANY, Shapes.ANY, config.textWidth);
        long length = states.size(1);
        Shapes.require(mask, "mask", states.size(0), length);
        int[] real = realTokens(mask);
        boolean padded = IntStream.of(real).anyMatch(n -> n < length);
        Rotary positions = positions(real, length, 0, 0).on(states);
        var context = LuminaContext.of(positions, padded ? AttentionMask.of(mask, states) : null);
        return new Prepared(
                TensorScope.compute(() -> {
                    Tensor text = textEmbedder.forward(textNorm.forward(states)); // [B, L, D]
                    return throughAll(textRefiner, text, null, context);
                }),
                mask);
    }

    private Hidden embed(Tensor x, Tensor t, Prepared given) {
        require(x, t, given);
        int p = config.patchSize;
        Tensor mask = given.mask;
        long length = mask.size(1);
        int[] real = realTokens(mask);
        boolean padded = IntStream.of(real).anyMatch(n -> n < length);
        Rotary positions = positions(real, length, x.size(2) / p, x.size(3) / p).on(x);

        Tensor c = tEmbedder.forward(t); // [B, min(D, 1024)]
        Tensor picture = xEmbedder.forward(Patches.patchifyChannelsLast(x, p)); // [B, N, D]
        long n = picture.size(1);
        var ofPicture = LuminaContext.of(positions.part(length, n), null);
        picture = throughAll(pictureRefiner, picture, c, ofPicture); // [B, N, D]

        Tensor all = padded ? AttentionMask.of(withPicture(mask, n), x) : null; // [B, 1, 1, L + N]
        return new Hidden(Ops.cat(1, given.text, picture), c, LuminaContext.of(positions, all));
    }

    private void require(Tensor x, Tensor t, Prepared given) {
        Shapes.require(x, "x", Shapes.ANY, config.inChannels, Shapes.ANY, Shapes.ANY);
        long b = x.size(0);
        Shapes.require(t, "t", b);
        Shapes.require(given.text, "text", b, Shapes.ANY, config.layers.dim());
        int p = config.patchSize;
        if (x.size(2) % p != 0 || x.size(3) % p != 0) {
            throw new ShapeException(
                    "latents of %d x %d do not divide into patches of %d"
                            .formatted(x.size(2), x.size(3), p));
        }
    }

    /// The number of real tokens of each example.
    private static int[] realTokens(Tensor mask) {
        int b = (int) mask.size(0);
        int length = (int) mask.size(1);
        long[] flags = Tensors.longs(Ops.greaterThan(mask, 0));
        var real = new int[b];
        for (int i = 0; i < b; i++) {
            int from = i * length;
            real[i] = (int) Arrays.stream(flags, from, from + length).sum();
            if (real[i] == 0 || Arrays.stream(flags, from, from + real[i]).sum() < real[i]) {
                throw new ShapeException(
                        "the mask of a text must have real tokens first, then padding, and at least"
                                + " one real token");
            }
        }
        return real;
    }

    private static Tensor withPicture(Tensor mask, long n) {
        Tensor real = Ops.to(mask, Dtype.FLOAT32);
        return Ops.cat(1, real, Ops.on(Tensors.full(1, Dtype.FLOAT32, mask.size(0), n), real));
    }

    /// The places of the text count up; the picture stands at the place behind the last real token,
    /// by row and column.
    private Rotary positions(int[] real, long length, long h, long w) {
        for (int i = 0; i < 3; i++) {
            long most = i == 0 ? IntStream.of(real).max().orElse(0) + 1L : i == 1 ? h : w;
            if (most > config.positions.get(i)) {
                throw new ShapeException(
                        "there are %d positions on axis %d but %d are needed"
                                .formatted(config.positions.get(i), i, most));
            }
        }
        return Rotary.batch(
                IntStream.of(real)
                        .mapToObj(n -> Rotary.axes(config.axes, positions(n, length, h, w)))
                        .toList()); // [B, 1, L + N, K]
    }

    private static int[][] positions(int real, long length, long h, long w) {
        var all = new int[Math.toIntExact(length + h * w)][3];
        for (int i = 0; i < all.length; i++) {
            int patch = i - (int) length;
            all[i] =
                    patch < 0
                            ? new int[] {i, 0, 0}
                            : new int[] {real, (int) (patch / w), (int) (patch % w)};
        }
        return all;
    }

    /// Returns the number of blocks that text and picture go through together.
    public int depth() {
        return blocks.size();
    }

    /// Applies block `i` to the tokens `[B, L + N, D]`.
    ///
    /// @param h what [#embed] gave
    public Tensor block(int i, Tensor x, Hidden h) {
        return blocks.get(i).forward(x, h.c, h.context, null);
    }

    /// Turns the last tokens into the prediction.
    ///
    /// @param x `[B, L + N, D]`
    /// @param c time
    /// @param h height of the latents
    /// @param w width of the latents
    /// @return `[B, outChannels, H, W]`
    public Tensor head(Tensor x, Tensor c, long h, long w) {
        int p = config.patchSize;
        long n = h / p * (w / p);
        Tensor picture = x.narrow(1, x.size(1) - n, n); // [B, N, D]
        Tensor scale = finalModulation.forward(c)[0]; // [B, 1, D]
        Tensor z = LayerNorm.plain(1e-6).forward(picture).mul(Ops.add(scale, 1)); // [B, N, D]
        return Patches.unpatchify(finalLinear.forward(z), p, h / p, w / p);
    }

    @Override
    public void close() {
        parameters.close();
    }
}
