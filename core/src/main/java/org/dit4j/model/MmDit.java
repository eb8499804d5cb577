package org.dit4j.model;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
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
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.ShapeException;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;
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
    ///   patches, as Hunyuan-DiT has it ([org.dit4j.nn.GridRegion]); 0 for the middle of a table,
    ///   as in the published networks
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

    /// What a text is before the blocks, at any time.
    ///
    /// @param text `[B, L, D]`
    /// @param c pooled `[B, D]`
    /// @param steps with the times of a run, or null
    public record Prepared(Tensor text, Tensor c, @Nullable TimeTable steps) {
        /// Returns those of a batch.
        ///
        /// @param numbers `[B]`, int64: which of these each sample has
        public Prepared rows(Tensor numbers) {
            return new Prepared(
                    Tensors.rows(text, numbers),
                    Tensors.rows(c, numbers),
                    steps == null ? null : steps.rows(numbers));
        }
    }

    /// What the stages hand on.
    ///
    /// @param text `[B, L, D]`
    /// @param x tokens of the picture `[B, N, D]`
    /// @param c time and pooled text `[B, D]`
    public record Hidden(Tensor text, Tensor x, Conditioning c) {}

    /// What is different in a single pass.
    ///
    /// @param skipped numbers of the blocks that are left out, as skip-layer guidance needs it
    /// @param residuals what a ControlNet adds to the tokens of the picture, each `[B, N, D]`: as
    ///   many as there are blocks, or fewer, of which each serves several blocks in a row. Nothing
    ///   is added after the last block (diffusers, `transformer_sd3.py`)
    public record Changes(Set<Integer> skipped, List<Tensor> residuals) {
        /// Changes nothing.
        public static final Changes NONE = new Changes(Set.of(), List.of());

        /// Copies both.
        public Changes {
            skipped = Set.copyOf(skipped);
            residuals = List.copyOf(residuals);
        }

        /// Returns the tokens after block `i` of `depth`.
        private Tensor after(Tensor x, int i, int depth) {
            if (residuals.isEmpty() || i == depth - 1) {
                return x;
            }
            double blocks = (double) depth / residuals.size(); // that each serves
            return x.add(residuals.get((int) (i / blocks)));
        }
    }

    private final Config config;
    private final MmDitEmbedding embedding;
    private final List<MmDitBlock> blocks = new ArrayList<>();
    private final Modulation finalModulation;
    private final Linear finalLinear;
    private final Parameters parameters;

    /// Builds the network from named parameters.
    public MmDit(ParameterSource source, Config config) {
        this.config = config;
        int d = config.hiddenSize;
        int p = config.patchSize;
        embedding = MmDitEmbedding.of(source, config);
        for (int i = 0; i < config.depth; i++) {
            boolean last = i == config.depth - 1;
            blocks.add(MmDitBlock.of(source.at("joint_blocks." + i), config, i, last));
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
        return finalLinear.dtype();
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
        return forward(x, t, text, pooled, Changes.NONE);
    }

    /// The same, changed.
    public Tensor forward(Tensor x, Tensor t, Tensor text, Tensor pooled, Changes changes) {
        return TensorScope.compute(() -> {
            Tensor whole = Patches.fillUp(x, config.patchSize); // [B, C, H', W']
            Hidden h = blocks(0, embed(whole, t, text, pooled), changes); // [B, N, D]
            return cutHead(h, whole, x); // [B, outputs, H, W]
        });
    }

    /// Begins what [#forward] does, and stops after the first block.
    ///
    /// @param text what [#prepare] gave
    public SplitCall split(Tensor x, Tensor t, Prepared text, Changes changes) {
        Tensor whole = Patches.fillUp(x, config.patchSize); // [B, C, H', W']
        Hidden first = embedding.forward(whole, t, text);
        Hidden h = compute(0, first, changes);
        return new SplitCall(
                first.x,
                h.x,
                () -> blocks(1, h, changes).x,
                z -> cutHead(new Hidden(h.text, z, h.c), whole, x));
    }

    /// Turns the last tokens into the prediction for what was there before it was filled up.
    private Tensor cutHead(Hidden last, Tensor whole, Tensor x) {
        Tensor out = head(last.x, last.c, whole.size(2), whole.size(3)); // [B, outputs, H', W']
        return out.narrow(2, 0, x.size(2)).narrow(3, 0, x.size(3)); // [B, outputs, H, W]
    }

    /// Applies the blocks from number `from` on, each in a scope of its own, and frees what is made
    /// between them.
    private Hidden blocks(int from, Hidden first, Changes changes) {
        Hidden h = first;
        for (int i = from; i < config.depth; i++) {
            Hidden next = compute(i, h, changes);
            free(h.x, next.x, first.x);
            free(h.text, next.text, first.text);
            h = next;
        }
        return h;
    }

    private Hidden compute(int i, Hidden h, Changes changes) {
        try (var scope = TensorScope.open()) {
            Hidden own = changes.skipped.contains(i) ? h : block(i, h);
            Hidden next = new Hidden(own.text, changes.after(own.x, i, config.depth), own.c);
            if (next.x != h.x) {
                scope.promote(next.x);
            }
            if (next.text != h.text) {
                scope.promote(next.text);
            }
            return next;
        }
    }

    private static void free(Tensor old, Tensor next, Tensor borrowed) {
        if (old != next && old != borrowed) {
            old.close();
        }
    }

    /// Computes all of the text that is the same at all times. It belongs to the caller's innermost
    /// scope.
    ///
    /// @param text states `[B, L, E]`
    /// @param pooled `[B, P]`
    public Prepared prepare(Tensor text, Tensor pooled) {
        return embedding.text(text, pooled);
    }

    /// The same, and what text and time make of the modulations at all times of a run.
    ///
    /// @param times as for [#forward], or none
    public Prepared prepare(Tensor text, Tensor pooled, List<Float> times) {
        return embedding.at(times, prepare(text, pooled), modulations());
    }

    private List<Modulation> modulations() {
        return Stream.concat(
                        blocks.stream().flatMap(MmDitBlock::modulations),
                        Stream.of(finalModulation))
                .toList();
    }

    /// Embeds noisy latents, time and text.
    public Hidden embed(Tensor x, Tensor t, Tensor text, Tensor pooled) {
        return embedding.forward(x, t, prepare(text, pooled));
    }

    /// Returns the number of blocks.
    public int depth() {
        return config.depth;
    }

    /// Applies block `i`. The last one gives the text back as it is.
    public Hidden block(int i, Hidden h) {
        MmDitBlock block = blocks.get(i);
        Tensor[] text = h.c.at(2 * i, block.context().modulation());
        Tensor[] image = h.c.at(2 * i + 1, block.image().modulation());
        MmDitBlock.Tokens next = block.forward(h.text, h.x, text, image, null);
        return new Hidden(next.text(), next.x(), h.c);
    }

    /// Turns the last tokens into the prediction.
    ///
    /// @param x `[B, N, D]`
    /// @param c time and pooled text `[B, D]`
    /// @param h height of the latents
    /// @param w width of the latents
    /// @return `[B, outputs, H, W]`
    public Tensor head(Tensor x, Conditioning c, long h, long w) {
        Tensor[] m = c.at(2 * config.depth, finalModulation); // shift and scale, each [B, 1, D]
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
