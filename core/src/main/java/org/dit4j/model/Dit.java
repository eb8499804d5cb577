package org.dit4j.model;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.nn.Conditioning;
import org.dit4j.nn.Init;
import org.dit4j.nn.LayerNorm;
import org.dit4j.nn.Linear;
import org.dit4j.nn.Modulation;
import org.dit4j.nn.ParameterSource;
import org.dit4j.nn.Parameters;
import org.dit4j.nn.Patches;
import org.dit4j.nn.SplitCall;
import org.dit4j.nn.TimeTable;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.ShapeException;
import org.dit4j.tensor.Shapes;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;
import org.jspecify.annotations.Nullable;

/// The diffusion transformer (Peebles and Xie 2023, arXiv:2212.09748; facebookresearch/DiT
/// `models.py`), and SiT (Ma et al. 2024, arXiv:2401.08740), which is the same network with time in
/// [0, 1] and without the learned sigma at its output.
///
/// Parameter names are those of the original code. Thread-safe for inference: parameters are only
/// read.
public final class Dit implements Network {
    /// How the blocks are conditioned (paper, section 3.2).
    public enum BlockType {
        /// Time and class are two more tokens.
        IN_CONTEXT,
        /// Cross-attention to time and class.
        CROSS_ATTENTION,
        /// Adaptive layer norm.
        ADALN,
        /// Adaptive layer norm with gates that start at zero.
        ADALN_ZERO
    }

    /// Where published implementations of the same network differ.
    ///
    /// @param block how the blocks are conditioned
    /// @param qkNorm whether queries and keys are normalised per head
    /// @param timestepShift 0 in the original code, 1 in diffusers (see [TimestepEmbedding])
    /// @param mlpNormEps epsilon of the norm before the MLP: 1e-6 in the original code, 1e-5 by
    ///   default in diffusers
    /// @param perBlockEmbedders whether every block has its own time and class embedding, as in
    ///   diffusers; the final layer then takes those of block 0
    /// @param dropSigma whether the learned sigma is left out of the output, as in SiT
    /// @param positionScale positions are divided by it: `interpolation_scale` of diffusers'
    ///   `Transformer2DModel`, 1 elsewhere
    public record Variant(
            BlockType block,
            boolean qkNorm,
            int timestepShift,
            double mlpNormEps,
            boolean perBlockEmbedders,
            boolean dropSigma,
            double positionScale) {
        /// Checks the scale.
        public Variant {
            ConfigException.require(
                    positionScale > 0, "position_scale must be positive but is %s", positionScale);
        }

        /// facebookresearch/DiT.
        public static final Variant ORIGINAL =
                new Variant(BlockType.ADALN_ZERO, false, 0, 1e-6, false, false, 1);

        /// willisma/SiT.
        public static final Variant SIT =
                new Variant(BlockType.ADALN_ZERO, false, 0, 1e-6, false, true, 1);

        /// diffusers' `DiTTransformer2DModel` with its default `norm_eps`.
        public static final Variant DIFFUSERS =
                new Variant(BlockType.ADALN_ZERO, false, 1, 1e-5, true, false, 1);

        /// Returns this variant with other blocks.
        public Variant withBlock(BlockType type) {
            return new Variant(
                    type,
                    qkNorm,
                    timestepShift,
                    mlpNormEps,
                    perBlockEmbedders,
                    dropSigma,
                    positionScale);
        }

        /// Returns this variant with or without QK-norm.
        public Variant withQkNorm(boolean on) {
            return new Variant(
                    block,
                    on,
                    timestepShift,
                    mlpNormEps,
                    perBlockEmbedders,
                    dropSigma,
                    positionScale);
        }
    }

    /// The arguments of the original constructor, and the variant.
    ///
    /// @param inputSize height and width of the latents
    /// @param patchSize side of a patch, divides inputSize
    /// @param inChannels channels of the latents
    /// @param hiddenSize width D, divides by 4 and by numHeads
    /// @param depth number of blocks
    /// @param numHeads heads of the attention
    /// @param mlpRatio hidden width of the MLP over D
    /// @param classDropoutProb probability that training drops the label; above 0 there is a row
    ///   for "no class"
    /// @param numClasses number of classes
    /// @param learnSigma whether the network also predicts the variance
    /// @param variant where implementations differ
    public record Config(
            int inputSize,
            int patchSize,
            int inChannels,
            int hiddenSize,
            int depth,
            int numHeads,
            double mlpRatio,
            double classDropoutProb,
            int numClasses,
            boolean learnSigma,
            Variant variant) {
        /// Checks the rules that hold between the numbers.
        public Config {
            ConfigException.require(
                    patchSize > 0, "patch_size must be positive but is %d", patchSize);
            ConfigException.require(
                    inputSize > 0 && inputSize % patchSize == 0,
                    "input_size %d must be divisible by patch_size %d",
                    inputSize,
                    patchSize);
            ConfigException.require(
                    inChannels > 0, "in_channels must be positive but is %d", inChannels);
            ConfigException.require(
                    numHeads > 0
                            && hiddenSize > 0
                            && hiddenSize % numHeads == 0
                            && hiddenSize % 4 == 0,
                    "hidden_size %d must be divisible by num_heads %d and by 4",
                    hiddenSize,
                    numHeads);
            ConfigException.require(depth > 0, "depth must be positive but is %d", depth);
            ConfigException.require(mlpRatio > 0, "mlp_ratio must be positive but is %s", mlpRatio);
            ConfigException.require(
                    numClasses > 0, "num_classes must be positive but is %d", numClasses);
            ConfigException.require(
                    classDropoutProb >= 0 && classDropoutProb < 1,
                    "class_dropout_prob must be in [0, 1) but is %s",
                    classDropoutProb);
        }

        /// Returns the hidden width of the MLP.
        public int mlpWidth() {
            return (int) (hiddenSize * mlpRatio);
        }

        /// Returns the channels that the network predicts.
        public int outChannels() {
            return learnSigma ? 2 * inChannels : inChannels;
        }

        /// Returns the label that stands for "no class".
        ///
        /// @throws ConfigException if the network was trained without dropping labels
        public int nullLabel() {
            ConfigException.require(
                    classDropoutProb > 0,
                    "this network has no label for \"no class\" (class_dropout_prob is 0)");
            return numClasses;
        }

        /// Returns the same configuration with another variant.
        public Config with(Variant other) {
            return new Config(
                    inputSize,
                    patchSize,
                    inChannels,
                    hiddenSize,
                    depth,
                    numHeads,
                    mlpRatio,
                    classDropoutProb,
                    numClasses,
                    learnSigma,
                    other);
        }
    }

    private final Config config;
    private final DitEmbedding embedding;
    private final List<DitBlock> blocks = new ArrayList<>();
    private final @Nullable Modulation finalModulation;
    private final LayerNorm finalNorm;
    private final Linear finalLinear;
    private final Parameters parameters;

    /// Builds the network from named parameters.
    public Dit(ParameterSource source, Config config) {
        this.config = config;
        int d = config.hiddenSize;
        int p = config.patchSize;
        embedding = DitEmbedding.of(source, config);
        for (int i = 0; i < config.depth; i++) {
            blocks.add(DitBlock.of(source.at("blocks." + i), config));
        }
        ParameterSource last = source.at("final_layer");
        boolean adaptive = isAdaptive(config.variant.block);
        finalNorm = adaptive ? LayerNorm.plain(1e-6) : last.layerNorm("norm_final", d, 1e-6);
        finalLinear = last.linear("linear", d, (long) p * p * config.outChannels(), Init.zeros());
        finalModulation = adaptive ? Modulation.of(last.at("adaLN_modulation"), d, 2) : null;
        parameters = source.parameters();
    }

    /// Returns a network with fresh parameters: Xavier for linear layers, normal with std 0.02 for
    /// embeddings, zero for modulations and the output (DiT, `models.py`, `initialize_weights`).
    public static Dit initialise(Config config, Rng rng) {
        return new Dit(ParameterSource.initialising(rng), config);
    }

    /// Loads a checkpoint of the original code or of diffusers; see [DitCheckpoint#open].
    public static Dit load(Path path, LoadOptions options) {
        return DitCheckpoint.open(path).load(options);
    }

    /// Returns the configuration.
    public Config config() {
        return config;
    }

    /// Returns the element type of the weights, which latents must have.
    public Dtype dtype() {
        return finalLinear.dtype();
    }

    @Override
    public Parameters parameters() {
        return parameters;
    }

    /// Predicts noise (and variance), or the velocity for SiT.
    ///
    /// @param x noisy latents `[B, C, H, W]`, H and W divisible by the patch
    /// @param t `[B]`: step 0 to 999 of the process, fractional steps allowed; time in [0, 1] for
    ///   SiT
    /// @param y class labels `[B]`, int64
    /// @return `[B, outputs, H, W]`, outputs = C, or 2 C with learned sigma (mean first), in the
    ///   caller's scope
    /// @throws ShapeException if a shape does not fit
    @Override
    public Tensor forward(Tensor x, Tensor t, Tensor y) {
        try (var scope = TensorScope.open()) {
            Hidden h = embed(x, t, y); // [B, N, D], [B, D]
            Tensor tokens =
                    Ops.isGradEnabled()
                            ? allBlocks(h)
                            : TensorScope.fold(
                                    h.x(),
                                    IntStream.range(0, depth()).boxed().toList(),
                                    (z, i) -> block(i, z, h.c()));
            return scope.promote(head(tokens, h.c(), x.size(2), x.size(3))); // [B, outputs, H, W]
        }
    }

    private Tensor allBlocks(Hidden h) {
        Tensor x = h.x();
        for (int i = 0; i < depth(); i++) {
            x = block(i, x, h.c());
        }
        return x;
    }

    /// Labels, with what can be computed of them before a run.
    ///
    /// @param y `[B]`, int64
    /// @param steps with the times of a run, or null
    public record Prepared(Tensor y, @Nullable TimeTable steps) {
        /// Returns those of a batch.
        ///
        /// @param numbers `[B]`, int64: which of these each sample has
        public Prepared rows(Tensor numbers) {
            return new Prepared(
                    Tensors.rows(y, numbers), steps == null ? null : steps.rows(numbers));
        }
    }

    /// Computes the modulations at the times of a run together, where there are any. They belong to
    /// the caller's innermost scope.
    ///
    /// @param y labels `[R]`, int64
    /// @param times at which the network will be called; it may be called at others
    public Prepared prepare(Tensor y, List<Float> times) {
        if (times.isEmpty() || finalModulation == null || config.variant.perBlockEmbedders) {
            return new Prepared(y, null);
        }
        Stream<Modulation> own = blocks.stream().flatMap(DitBlock::modulations);
        return new Prepared(
                y,
                embedding.steps(times, y, Stream.concat(own, Stream.of(finalModulation)).toList()));
    }

    /// Begins what [#forward] does, for inference, and stops after the first block.
    public SplitCall split(Tensor x, Tensor t, Prepared labels) {
        Conditioning known = labels.steps == null ? null : labels.steps.at(t);
        Conditioning c =
                known == null ? Conditioning.of(embedding.conditioning(t, labels.y)) : known;
        Tensor before = embedding.tokens(x, c.c()); // [B, N, D]
        Tensor after = TensorScope.compute(() -> block(0, before, c)); // [B, N, D]
        List<Integer> others = IntStream.range(1, depth()).boxed().toList();
        return new SplitCall(
                before,
                after,
                () -> TensorScope.fold(after, others, (z, i) -> block(i, z, c)),
                z -> head(z, c, x.size(2), x.size(3)));
    }

    @Override
    public Hidden embed(Tensor x, Tensor t, Tensor y) {
        Shapes.require(t, "t", x.size(0));
        Shapes.require(y, "y", x.size(0));
        Tensor c = embedding.conditioning(t, y);
        return new Hidden(embedding.tokens(x, c), c);
    }

    @Override
    public int depth() {
        return config.depth;
    }

    @Override
    public Tensor block(int i, Tensor x, Tensor c) {
        return block(i, x, Conditioning.of(c));
    }

    private Tensor block(int i, Tensor x, Conditioning c) {
        return blocks.get(i).forward(i, x, own(i, c));
    }

    /// The conditioning of block `i`.
    private Conditioning own(int i, Conditioning c) {
        return config.variant.perBlockEmbedders ? Conditioning.of(c.c().select(1, i)) : c;
    }

    @Override
    public Tensor head(Tensor x, Tensor c, long h, long w) {
        return head(x, Conditioning.of(c), h, w);
    }

    private Tensor head(Tensor x, Conditioning c, long h, long w) {
        Tensor tokens =
                config.variant.block == BlockType.IN_CONTEXT ? x.narrow(1, 2, x.size(1) - 2) : x;
        Tensor z = finalNorm.forward(tokens); // [B, N, D]
        if (finalModulation != null) {
            Tensor[] m = own(0, c).at(config.depth, finalModulation);
            z = Modulation.modulate(z, m[0], m[1]);
        }
        int p = config.patchSize;
        Tensor out =
                Patches.unpatchify(finalLinear.forward(z), p, h / p, w / p); // [B, outputs, H, W]
        return config.variant.dropSigma && config.learnSigma
                ? out.narrow(1, 0, config.inChannels)
                : out;
    }

    static boolean isAdaptive(BlockType block) {
        return switch (block) {
            case ADALN, ADALN_ZERO -> true;
            case IN_CONTEXT, CROSS_ATTENTION -> false;
        };
    }
}
