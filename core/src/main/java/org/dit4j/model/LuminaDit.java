package org.dit4j.model;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
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
import org.dit4j.nn.RotaryScaling;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.ShapeException;
import org.dit4j.tensor.Shapes;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;
import org.jspecify.annotations.Nullable;

/// Flag-DiT (Gao et al. 2024, "Lumina-T2X", arXiv:2405.05945) and Next-DiT (Zhuo et al. 2024,
/// "Lumina-Next", arXiv:2406.18583; Alpha-VLLM/Lumina-T2X): flow matching, conditional on a class
/// or on a text, for pictures of any size.
///
/// Parameter names are those of the original code. Thread-safe for inference: parameters are only
/// read.
public final class LuminaDit implements AutoCloseable {
    /// Which of the two.
    public enum Generation {
        /// Flag-DiT: positions along the sequence of tokens; with text, a learned token ends each
        /// row of patches, so that the sequence tells the picture's shape.
        FLAG,
        /// Next-DiT: positions by row and column, norms before and after each part of a block.
        NEXT
    }

    /// What the network is conditional on.
    public sealed interface Conditioning {
        /// A class.
        ///
        /// @param count number of classes; `num_classes`
        /// @param dropoutProb probability that training drops the label; above 0 there is a row for
        ///   "no class"
        record Classes(int count, double dropoutProb) implements Conditioning {
            /// Checks the numbers.
            public Classes {
                ConfigException.require(count > 0, "num_classes must be positive but is %d", count);
                ConfigException.require(
                        dropoutProb >= 0 && dropoutProb < 1,
                        "class_dropout_prob must be in [0, 1) but is %s",
                        dropoutProb);
            }
        }

        /// A text.
        ///
        /// @param width of its states, E; `cap_feat_dim`
        /// @param ownQueries whether the attention to the text has queries of its own, as diffusers
        ///   has them; in the original code it takes those of the self-attention
        record Captions(int width, boolean ownQueries) implements Conditioning {
            /// Checks the width.
            public Captions {
                ConfigException.require(
                        width > 0, "cap_feat_dim must be positive but is %d", width);
            }
        }
    }

    /// The arguments of the original constructors.
    ///
    /// @param generation Flag-DiT or Next-DiT
    /// @param conditioning on a class or on a text
    /// @param inputSize usual height and width of the latents; others work as well
    /// @param patchSize side of a patch P
    /// @param inChannels channels of the latents C
    /// @param layers sizes of the blocks
    /// @param learnSigma whether the last layer also predicts a variance
    /// @param dropSigma whether that is left out of the output, as in the original code
    /// @param scaling of the positions where a call names none
    public record Config(
            Generation generation,
            Conditioning conditioning,
            int inputSize,
            int patchSize,
            int inChannels,
            LuminaLayers layers,
            boolean learnSigma,
            boolean dropSigma,
            RotaryScaling scaling) {
        /// Checks the rules that hold between the numbers.
        public Config {
            ConfigException.require(
                    patchSize > 0 && inputSize > 0 && inputSize % patchSize == 0,
                    "input_size %d must be divisible by patch_size %d",
                    inputSize,
                    patchSize);
            ConfigException.require(
                    inChannels > 0, "in_channels must be positive but is %d", inChannels);
            int divisor = generation == Generation.NEXT ? 4 : 2;
            ConfigException.require(
                    layers.headWidth() % divisor == 0,
                    "dim %d must be divisible by %d times n_heads %d",
                    layers.dim(),
                    divisor,
                    layers.heads());
            ConfigException.require(
                    generation == Generation.NEXT
                            || !(conditioning instanceof Conditioning.Captions c && c.ownQueries()),
                    "a Flag-DiT has no queries of its own for the text");
        }

        /// Returns the channels that the last layer predicts.
        public int outChannels() {
            return learnSigma ? 2 * inChannels : inChannels;
        }

        /// Returns whether a learned token ends each row of patches.
        public boolean newlines() {
            return generation == Generation.FLAG && conditioning instanceof Conditioning.Captions;
        }

        private boolean finalShift() {
            return generation == Generation.FLAG || conditioning instanceof Conditioning.Classes;
        }
    }

    /// What a picture is to show.
    public sealed interface Condition {
        /// A class.
        ///
        /// @param y labels `[B]`, int64
        record Labels(Tensor y) implements Condition {}

        /// A text.
        ///
        /// @param states `[B, L, E]`
        /// @param mask `[B, L]`: 1 at real tokens, of which there is at least one, 0 at padding
        record Captions(Tensor states, Tensor mask) implements Condition {}
    }

    /// How a picture larger than those of the training is predicted.
    ///
    /// @param scaling of the positions
    /// @param trainedTokens tokens of the pictures of the training, above 1: scores are multiplied
    ///   by `sqrt(log(N) / log(trainedTokens))` ("proportional attention"); empty: they are not
    public record Extrapolation(RotaryScaling scaling, OptionalInt trainedTokens) {
        /// Checks the number of tokens.
        public Extrapolation {
            ConfigException.require(
                    trainedTokens.isEmpty() || trainedTokens.getAsInt() > 1,
                    "the tokens of the training must be more than 1 but are %s",
                    trainedTokens);
        }

        /// Returns the one that scales positions only.
        public static Extrapolation of(RotaryScaling scaling) {
            return new Extrapolation(scaling, OptionalInt.empty());
        }

        /// Returns the factor of the scores among `tokens`.
        double sharpness(long tokens) {
            return trainedTokens.isEmpty()
                    ? 1
                    : Math.sqrt(Math.log(tokens) / Math.log(trainedTokens.getAsInt()));
        }
    }

    /// What a condition is before the blocks, at any time.
    ///
    /// @param c `[B, min(D, 1024)]`
    /// @param text `[B, L, E]`, null for a class
    /// @param textMask added to the scores of the text, `[B, 1, 1, L]`, null for a class
    public record Prepared(Tensor c, @Nullable Attended text, @Nullable Tensor textMask) {
        /// Returns those of a batch.
        ///
        /// @param numbers `[B]`, int64: which of these each sample has
        public Prepared rows(Tensor numbers) {
            return new Prepared(
                    Tensors.rows(c, numbers),
                    text == null ? null : text.rows(numbers),
                    textMask == null ? null : Tensors.rows(textMask, numbers));
        }
    }

    /// What the stages hand on.
    ///
    /// @param x tokens `[B, N, D]`
    /// @param c time and condition, `[B, min(D, 1024)]`
    /// @param context what the blocks attend by
    public record Hidden(Tensor x, Tensor c, LuminaContext context) {}

    private final Config config;
    private final LuminaTokens tokens;
    private final LuminaConditioning conditioning;
    private final List<LuminaBlock> blocks = new ArrayList<>();
    private final Modulation finalModulation;
    private final Linear finalLinear;
    private final Parameters parameters;

    /// Builds the network from named parameters.
    public LuminaDit(ParameterSource source, Config config) {
        this.config = config;
        LuminaLayers layers = config.layers;
        int p = config.patchSize;
        tokens = LuminaTokens.of(source, config);
        conditioning = LuminaConditioning.of(source, config);
        for (int i = 0; i < layers.count(); i++) {
            blocks.add(block(source.at("layers." + i), config));
        }
        ParameterSource last = source.at("final_layer");
        finalLinear =
                last.linear(
                        "linear", layers.dim(), (long) p * p * config.outChannels(), Init.zeros());
        finalModulation =
                Modulation.of(
                        last.at("adaLN_modulation"),
                        layers.conditionWidth(),
                        layers.dim(),
                        config.finalShift() ? 2 : 1);
        parameters = source.parameters();
    }

    private static LuminaBlock block(ParameterSource source, Config c) {
        return switch (c.conditioning) {
            case Conditioning.Classes _ ->
                    c.generation == Generation.FLAG
                            ? LuminaBlock.flag(source, c.layers, 0)
                            : LuminaBlock.nextOfClasses(source, c.layers);
            case Conditioning.Captions text ->
                    c.generation == Generation.FLAG
                            ? LuminaBlock.flag(source, c.layers, text.width)
                            : LuminaBlock.next(source, c.layers, text.width, text.ownQueries);
        };
    }

    /// Returns a network with fresh parameters, as the original code starts: Xavier for linear
    /// layers, normal with std 0.02 for embeddings and tokens, zero for modulations, gates, the
    /// projection of the text's mean and the output.
    public static LuminaDit initialise(Config config, Rng rng) {
        return new LuminaDit(ParameterSource.initialising(rng), config);
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

    /// Predicts with the positions of the configuration.
    ///
    /// @see #forward(Tensor, Tensor, Condition, Extrapolation)
    public Tensor forward(Tensor x, Tensor t, Condition condition) {
        return forward(x, t, condition, Extrapolation.of(config.scaling));
    }

    /// Predicts the velocity from noise to picture, and the variance where it is not left out.
    ///
    /// @param x noisy latents `[B, C, H, W]`, H and W divisible by the patch
    /// @param t time `[B]` in [0, 1]: 0 noise, 1 picture
    /// @param condition what to show
    /// @param extrapolation how pictures larger than those of the training are predicted
    /// @return `[B, outputs, H, W]`, outputs = C, or 2 C with the variance, in the caller's scope
    /// @throws ShapeException if a shape does not fit
    public Tensor forward(Tensor x, Tensor t, Condition condition, Extrapolation extrapolation) {
        return TensorScope.compute(
                () -> forward(x, t, conditioning.prepare(condition, x.size(0)), extrapolation));
    }

    /// The same with what [#prepare] gave, for the calls of a run.
    public Tensor forward(Tensor x, Tensor t, Prepared condition, Extrapolation extrapolation) {
        return TensorScope.compute(() -> {
            Hidden h = embed(tokens.embed(x, extrapolation.scaling), t, condition, extrapolation);
            return head(allBlocks(h), h.c, x.size(2), x.size(3)); // [B, outputs, H, W]
        });
    }

    /// Predicts pictures of different sizes in one batch: the shorter sequences are filled up with
    /// a learned token that nothing attends to. For networks that are conditional on a text.
    ///
    /// @param pictures noisy latents, each `[C, H, W]` with a size of its own
    /// @return for each `[outputs, H, W]`, in the caller's scope
    public List<Tensor> forward(
            List<Tensor> pictures, Tensor t, Condition condition, Extrapolation extrapolation) {
        try (var scope = TensorScope.open()) {
            Hidden h =
                    embed(
                            tokens.embed(pictures, extrapolation.scaling),
                            t,
                            conditioning.prepare(condition, pictures.size()),
                            extrapolation);
            Tensor last = allBlocks(h); // [B, N, D]
            var out = new ArrayList<Tensor>();
            for (int i = 0; i < pictures.size(); i++) {
                long height = pictures.get(i).size(1);
                long width = pictures.get(i).size(2);
                Tensor own = last.narrow(0, i, 1).narrow(1, 0, tokens.count(height, width));
                Tensor picture = head(own, h.c.narrow(0, i, 1), height, width);
                out.add(scope.promote(picture.squeeze(0))); // [outputs, H, W]
            }
            return out;
        }
    }

    private Tensor allBlocks(Hidden h) {
        List<Integer> all = IntStream.range(0, depth()).boxed().toList();
        if (!Ops.isGradEnabled()) {
            return TensorScope.fold(h.x, all, (z, i) -> block(i, z, h)); // [B, N, D]
        }
        Tensor x = h.x;
        for (int i : all) {
            x = block(i, x, h);
        }
        return x;
    }

    /// Embeds noisy latents `[B, C, H, W]`, time and condition.
    public Hidden embed(Tensor x, Tensor t, Condition condition, Extrapolation extrapolation) {
        return embed(
                tokens.embed(x, extrapolation.scaling),
                t,
                conditioning.prepare(condition, x.size(0)),
                extrapolation);
    }

    /// Computes all of the condition that is the same at all times. It belongs to the caller's
    /// innermost scope.
    public Prepared prepare(Condition condition) {
        Prepared p = conditioning.prepare(condition);
        return new Prepared(
                p.c, p.text == null ? null : p.text.known(blocks, LuminaBlock::text), p.textMask);
    }

    private Hidden embed(
            LuminaTokens.Sequence sequence, Tensor t, Prepared condition, Extrapolation e) {
        long b = sequence.x().size(0);
        Shapes.require(t, "t", b);
        Shapes.require(condition.c, "condition", b, Shapes.ANY);
        var context =
                new LuminaContext(
                        sequence.positions(),
                        sequence.mask(),
                        condition.text,
                        condition.textMask,
                        e.sharpness(sequence.x().size(1)));
        Tensor c = conditioning.tEmbedder().forward(t).add(condition.c); // [B, min(D, 1024)]
        return new Hidden(sequence.x(), c, context);
    }

    /// Returns the number of blocks.
    public int depth() {
        return config.layers.count();
    }

    /// Applies block `i` to the tokens `[B, N, D]`.
    ///
    /// @param h what [#embed] gave
    public Tensor block(int i, Tensor x, Hidden h) {
        LuminaBlock block = blocks.get(i);
        Attended text = h.context.text();
        return block.forward(x, h.c, h.context, text == null ? null : text.at(i, block::text));
    }

    /// Turns the last tokens into the prediction.
    ///
    /// @param x `[B, N, D]`
    /// @param c time and condition
    /// @param h height of the latents
    /// @param w width of the latents
    /// @return `[B, outputs, H, W]`
    public Tensor head(Tensor x, Tensor c, long h, long w) {
        Tensor[] m = finalModulation.forward(c); // shift and scale, or scale alone, each [B, 1, D]
        Tensor z = LayerNorm.plain(1e-6).forward(x).mul(Ops.add(m[m.length - 1], 1)); // [B, N, D]
        Tensor out =
                finalLinear.forward(m.length == 2 ? z.add(m[0]) : z); // [B, N, P * P * outputs]
        Tensor picture = tokens.picture(out, h, w); // [B, outputs, H, W]
        return config.learnSigma && config.dropSigma
                ? picture.narrow(1, 0, config.inChannels)
                : picture;
    }

    @Override
    public void close() {
        parameters.close();
    }
}
