package org.dit4j.model;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.nn.Attended;
import org.dit4j.nn.GridRegion.Spacing;
import org.dit4j.nn.Init;
import org.dit4j.nn.LayerNorm;
import org.dit4j.nn.Linear;
import org.dit4j.nn.Modulation;
import org.dit4j.nn.ParameterSource;
import org.dit4j.nn.Parameters;
import org.dit4j.nn.Patches;
import org.dit4j.nn.Rotary;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.ShapeException;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;
import org.jspecify.annotations.Nullable;

/// Hunyuan-DiT (Li et al. 2024, arXiv:2405.08748; Tencent/HunyuanDiT, `hydit/modules/models.py`):
/// text-conditional, with the states of two text encoders, rotary positions and long skips.
///
/// Parameter names are those of the original code. Thread-safe for inference: parameters are only
/// read.
public final class HunyuanDit implements AutoCloseable {
    /// Which encoder's states are pooled into the vector that is added to the time.
    public enum Pooled {
        /// The first encoder.
        FIRST,
        /// The second encoder, as in the published networks.
        SECOND
    }

    /// What the text encoders give.
    ///
    /// @param width of the states of the first encoder, E, and of the tokens that are attended to;
    ///   `cross_attention_dim` of diffusers
    /// @param length tokens of the first encoder
    /// @param secondWidth of the states of the second encoder; `cross_attention_dim_t5`
    /// @param secondLength tokens of the second encoder
    /// @param pooledWidth of the pooled vector
    /// @param pooled whose states are pooled
    public record Text(
            int width,
            int length,
            int secondWidth,
            int secondLength,
            int pooledWidth,
            Pooled pooled) {
        /// Heads of the pooling.
        static final int POOL_HEADS = 8;

        /// Bilingual CLIP with 77 tokens of 1024, mT5 with 256 of 2048, as published.
        public static final Text PUBLISHED = new Text(1024, 77, 2048, 256, 1024, Pooled.SECOND);

        /// Checks the sizes.
        public Text {
            ConfigException.require(
                    width > 0 && length > 0 && secondWidth > 0 && secondLength > 0,
                    "text must have positive widths and lengths but has %d x %d and %d x %d",
                    length,
                    width,
                    secondLength,
                    secondWidth);
            ConfigException.require(
                    pooledWidth > 0, "pooled_width must be positive but is %d", pooledWidth);
            int source = pooled == Pooled.FIRST ? width : secondWidth;
            ConfigException.require(
                    source % POOL_HEADS == 0,
                    "the width %d of the pooled text must be divisible by the %d heads of the"
                            + " pooling",
                    source,
                    POOL_HEADS);
        }

        /// Returns the width of the states that are pooled.
        int poolSourceWidth() {
            return pooled == Pooled.FIRST ? width : secondWidth;
        }

        /// Returns the number of tokens that are pooled.
        int poolSourceLength() {
            return pooled == Pooled.FIRST ? length : secondLength;
        }
    }

    /// The arguments of the original constructor.
    ///
    /// @param inputSize usual height and width of the latents; others work as well
    /// @param patchSize side of a patch
    /// @param inChannels channels of the latents
    /// @param hiddenSize width D; a head's share of it divides by 4
    /// @param depth number of blocks, even
    /// @param numHeads heads of the attention
    /// @param mlpRatio hidden width of the MLP over D
    /// @param learnSigma whether the network also predicts the variance
    /// @param text what the text encoders give
    /// @param sizeAndStyle whether the picture's size and style are conditions, as up to v1.1
    /// @param positionBase side of the grid of positions that every size is fitted into, in
    ///   patches; 32 in the original code (512 pixels)
    /// @param positionSpacing how the positions are spread: the original code and diffusers differ
    public record Config(
            int inputSize,
            int patchSize,
            int inChannels,
            int hiddenSize,
            int depth,
            int numHeads,
            double mlpRatio,
            boolean learnSigma,
            Text text,
            boolean sizeAndStyle,
            int positionBase,
            Spacing positionSpacing) {
        /// Checks the rules that hold between the numbers.
        public Config {
            ConfigException.require(
                    patchSize > 0 && inputSize > 0 && inputSize % patchSize == 0,
                    "input_size %d must be divisible by patch_size %d",
                    inputSize,
                    patchSize);
            ConfigException.require(
                    inChannels > 0, "in_channels must be positive but is %d", inChannels);
            ConfigException.require(
                    numHeads > 0 && hiddenSize > 0 && hiddenSize % (4 * numHeads) == 0,
                    "hidden_size %d must be divisible by 4 times num_heads %d",
                    hiddenSize,
                    numHeads);
            ConfigException.require(
                    depth > 0 && depth % 2 == 0, "depth must be even but is %d", depth);
            ConfigException.require(mlpRatio > 0, "mlp_ratio must be positive but is %s", mlpRatio);
            ConfigException.require(
                    positionBase > 0, "position_base must be positive but is %d", positionBase);
        }

        /// Returns the hidden width of the MLP.
        public int mlpWidth() {
            return (int) (hiddenSize * mlpRatio);
        }

        /// Returns the channels that the network predicts.
        public int outChannels() {
            return learnSigma ? 2 * inChannels : inChannels;
        }

        /// Returns the same configuration with another base of positions.
        public Config withPositionBase(int base) {
            return new Config(
                    inputSize,
                    patchSize,
                    inChannels,
                    hiddenSize,
                    depth,
                    numHeads,
                    mlpRatio,
                    learnSigma,
                    text,
                    sizeAndStyle,
                    base,
                    positionSpacing);
        }
    }

    /// What a picture is to show. There may be more tokens than the network has lengths for: those
    /// are attended to where they are real, and nothing stands in for their padding.
    ///
    /// @param states of the first encoder `[B, length, width]`
    /// @param mask `[B, length]`: 1 at real tokens, 0 at padding
    /// @param secondStates of the second encoder `[B, secondLength, secondWidth]`
    /// @param secondMask `[B, secondLength]`
    /// @param meta size and style, where the network has these conditions
    public record Conditions(
            Tensor states,
            Tensor mask,
            Tensor secondStates,
            Tensor secondMask,
            Optional<Meta> meta) {}

    /// Size and style.
    ///
    /// @param sizes `[B, 6]`: original height and width, target height and width, top and left of
    ///   the crop, in pixels
    /// @param style `[B]`, int64; 0, the only style there is
    public record Meta(Tensor sizes, Tensor style) {}

    /// What the conditions are before the blocks, at any time.
    ///
    /// @param c conditions `[B, D]`
    /// @param text states `[B, L, E]`, L the sum of both lengths
    /// @param textMask added to the scores of the attention to the text, `[B, 1, 1, L]`, or null
    public record Prepared(Tensor c, Attended text, @Nullable Tensor textMask) {
        /// Returns those of a batch.
        ///
        /// @param numbers `[B]`, int64: which of these each sample has
        public Prepared rows(Tensor numbers) {
            return new Prepared(
                    Tensors.rows(c, numbers),
                    text.rows(numbers),
                    textMask == null ? null : Tensors.rows(textMask, numbers));
        }

        /// Returns the same with what some blocks make of the text.
        Prepared known(List<HunyuanDitBlock> blocks) {
            return new Prepared(
                    c, text.known(blocks, (b, states) -> b.attn2().keysValues(states)), textMask);
        }
    }

    /// What the stages hand on.
    ///
    /// @param x tokens `[B, N, D]`
    /// @param c time and conditions `[B, D]`
    /// @param text states `[B, L, E]`, L the sum of both lengths
    /// @param textMask added to the scores of the attention to the text, `[B, 1, 1, L]`, or null
    /// @param positions of the tokens
    public record Hidden(
            Tensor x, Tensor c, Attended text, @Nullable Tensor textMask, Rotary positions) {}

    private final Config config;
    private final HunyuanDitEmbedding embedding;
    private final List<HunyuanDitBlock> blocks = new ArrayList<>();
    private final Modulation finalModulation;
    private final Linear finalLinear;
    private final Parameters parameters;

    /// Builds the network from named parameters.
    public HunyuanDit(ParameterSource source, Config config) {
        this.config = config;
        int d = config.hiddenSize;
        int p = config.patchSize;
        embedding = HunyuanDitEmbedding.of(source, config);
        for (int i = 0; i < config.depth; i++) {
            blocks.add(HunyuanDitBlock.of(source.at("blocks." + i), config, merges(i)));
        }
        ParameterSource last = source.at("final_layer");
        finalLinear = last.linear("linear", d, (long) p * p * config.outChannels(), Init.zeros());
        finalModulation = Modulation.of(last.at("adaLN_modulation"), d, 2);
        parameters = source.parameters();
    }

    /// Returns a network with fresh parameters, as the original code starts (`models.py`,
    /// `initialize_weights`): Xavier for linear layers, normal for embeddings, zero for modulations
    /// and the output.
    public static HunyuanDit initialise(Config config, Rng rng) {
        return new HunyuanDit(ParameterSource.initialising(rng), config);
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

    /// Predicts: the velocity in the published networks, and the variance.
    ///
    /// Latents that do not divide into patches are filled up at the right and below by repeating
    /// the edge.
    ///
    /// @param x noisy latents `[B, C, H, W]`
    /// @param t `[B]`: step of the process, fractional steps allowed
    /// @param conditions what to show
    /// @return `[B, outputs, H, W]`, outputs = C, or 2 C with learned sigma (mean first), in the
    ///   caller's scope
    /// @throws ShapeException if a shape does not fit
    public Tensor forward(Tensor x, Tensor t, Conditions conditions) {
        return forward(x, t, conditions, List.of());
    }

    /// The same, steered by a ControlNet.
    ///
    /// @param residuals what it adds to the outputs of the first blocks where later blocks merge
    ///   them, each `[B, N, D]`, depth / 2 - 1 of them, or none (diffusers,
    ///   `hunyuan_transformer_2d.py`)
    public Tensor forward(Tensor x, Tensor t, Conditions conditions, List<Tensor> residuals) {
        return TensorScope.compute(
                () -> forward(x, t, embedding.conditions(conditions, x.size(0)), residuals));
    }

    /// The same with what [#prepare] gave, for the calls of a run.
    public Tensor forward(Tensor x, Tensor t, Prepared conditions, List<Tensor> residuals) {
        if (!residuals.isEmpty() && residuals.size() != merged()) {
            throw new ShapeException(
                    "the network merges the outputs of %d blocks, but there are residuals for %d"
                            .formatted(merged(), residuals.size()));
        }
        return TensorScope.compute(() -> {
            Tensor whole = Patches.fillUp(x, config.patchSize); // [B, C, H', W']
            Hidden h = embedding.forward(whole, t, conditions); // [B, N, D], [B, D], [B, L, E]
            Tensor tokens = pair(0, h.x, h, residuals); // [B, N, D]
            Tensor out = head(tokens, h.c, whole.size(2), whole.size(3)); // [B, outputs, H', W']
            return out.narrow(2, 0, x.size(2)).narrow(3, 0, x.size(3)); // [B, outputs, H, W]
        });
    }

    /// Applies block `i`, all blocks between it and its partner, and its partner, which merges the
    /// output of block `i`. Each pair is a scope of its own, so that nothing but those outputs is
    /// kept.
    private Tensor pair(int i, Tensor x, Hidden h, List<Tensor> residuals) {
        int partner = depth() - 1 - i;
        return TensorScope.compute(() -> {
            Tensor first = compute(i, x, h, null); // [B, N, D]
            if (partner == i + 1) {
                return compute(partner, first, h, null); // [B, N, D]
            }
            Tensor middle = pair(i + 1, first, h, residuals); // [B, N, D]
            Tensor skip = residuals.isEmpty() ? first : first.add(residuals.get(i)); // [B, N, D]
            return compute(partner, middle, h, skip); // [B, N, D]
        });
    }

    private Tensor compute(int i, Tensor x, Hidden h, @Nullable Tensor skip) {
        return TensorScope.compute(() -> block(i, x, h, skip));
    }

    /// Computes all of the conditions that is the same at all times. It belongs to the caller's
    /// innermost scope.
    public Prepared prepare(Conditions conditions) {
        return embedding.conditions(conditions, conditions.states.size(0)).known(blocks);
    }

    /// Embeds noisy latents, time and conditions.
    public Hidden embed(Tensor x, Tensor t, Conditions conditions) {
        return embedding.forward(x, t, embedding.conditions(conditions, x.size(0)));
    }

    /// Returns the number of blocks.
    public int depth() {
        return config.depth;
    }

    /// Returns whether block `i` merges the output of its partner, block `depth - 1 - i`.
    public boolean merges(int i) {
        return i > config.depth / 2;
    }

    /// Returns how many blocks have an output that a later one merges.
    private int merged() {
        return depth() / 2 - 1;
    }

    /// Applies block `i` to the tokens `[B, N, D]`.
    ///
    /// @param h what [#embed] gave
    /// @param skip the output of the partner if the block merges it, else null
    public Tensor block(int i, Tensor x, Hidden h, @Nullable Tensor skip) {
        return blocks.get(i).forward(i, x, h, skip);
    }

    /// Turns the last tokens into the prediction.
    ///
    /// @param x `[B, N, D]`
    /// @param c time and conditions `[B, D]`
    /// @param h height of the latents
    /// @param w width of the latents
    /// @return `[B, outputs, H, W]`
    public Tensor head(Tensor x, Tensor c, long h, long w) {
        Tensor[] m = finalModulation.forward(c); // shift and scale, each [B, 1, D]
        Tensor z = Modulation.modulate(LayerNorm.plain(1e-6).forward(x), m[0], m[1]); // [B, N, D]
        Tensor out = finalLinear.forward(z); // [B, N, P * P * outputs]
        int p = config.patchSize;
        return Patches.unpatchify(out, p, h / p, w / p); // [B, outputs, H, W]
    }

    @Override
    public void close() {
        parameters.close();
    }
}
