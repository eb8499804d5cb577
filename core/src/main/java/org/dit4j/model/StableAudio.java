package org.dit4j.model;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.nn.Attended;
import org.dit4j.nn.HalfRotary;
import org.dit4j.nn.Init;
import org.dit4j.nn.Linear;
import org.dit4j.nn.ParameterSource;
import org.dit4j.nn.Parameters;
import org.dit4j.nn.SiluMlp;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.ShapeException;
import org.dit4j.tensor.Shapes;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;

/// Stable Audio (Evans et al. 2024, arXiv:2407.14358, section 3.2; diffusers,
/// `stable_audio_transformer.py`): a transformer over the frames of audio latents. Time and length
/// are one token in front of them, the text is attended to.
///
/// Parameter names are those of diffusers. Thread-safe for inference: parameters are only read.
public final class StableAudio implements AutoCloseable {
    private static final double THETA = 10000;

    /// The numbers of a network.
    ///
    /// @param length usual frames of the latents; others work as well
    /// @param inChannels channels of the latents C
    /// @param outChannels channels of the prediction
    /// @param headWidth channels of a head K, of which half turn with the position
    /// @param numHeads heads of the attention A; the width D is A K
    /// @param numKvHeads heads of the keys and values of the text A'
    /// @param depth number of blocks
    /// @param textWidth of the states of text and times, E
    /// @param crossWidth what they are projected to, A' K
    /// @param globalWidth of the states of the times alone, G
    /// @param timeWidth number of waves of time, F
    public record Config(
            int length,
            int inChannels,
            int outChannels,
            int headWidth,
            int numHeads,
            int numKvHeads,
            int depth,
            int textWidth,
            int crossWidth,
            int globalWidth,
            int timeWidth) {
        /// Checks the rules that hold between the numbers.
        public Config {
            ConfigException.require(
                    length > 0 && inChannels > 0 && outChannels > 0 && depth > 0,
                    "sample_size %d, in_channels %d, out_channels %d and num_layers %d must be"
                            + " positive",
                    length,
                    inChannels,
                    outChannels,
                    depth);
            ConfigException.require(
                    headWidth > 0 && headWidth % 4 == 0,
                    "attention_head_dim %d must be divisible by 4",
                    headWidth);
            ConfigException.require(
                    numKvHeads > 0 && numHeads > 0 && numHeads % numKvHeads == 0,
                    "num_attention_heads %d must be divisible by num_key_value_attention_heads %d",
                    numHeads,
                    numKvHeads);
            ConfigException.require(
                    textWidth > 0 && crossWidth > 0 && globalWidth > 0,
                    "cross_attention_input_dim %d, cross_attention_dim %d and"
                            + " global_states_input_dim %d must be positive",
                    textWidth,
                    crossWidth,
                    globalWidth);
            ConfigException.require(
                    timeWidth > 0 && timeWidth % 2 == 0,
                    "time_proj_dim %d must be even",
                    timeWidth);
        }

        /// Returns the width D.
        public int hiddenSize() {
            return numHeads * headWidth;
        }
    }

    /// What the conditions are before the blocks, at any time.
    ///
    /// @param times `[B, 1, D]`
    /// @param text of text and times `[B, L, E']`
    public record Prepared(Tensor times, Attended text) {
        /// Returns those of a batch.
        ///
        /// @param numbers `[B]`, int64: which of these each sample has
        public Prepared rows(Tensor numbers) {
            return new Prepared(Tensors.rows(times, numbers), text.rows(numbers));
        }
    }

    /// What the stages hand on.
    ///
    /// @param x tokens `[B, 1 + N, D]`
    /// @param text `[B, L, E']`
    /// @param positions of the tokens
    public record Hidden(Tensor x, Attended text, HalfRotary positions) {}

    private final Config config;
    private final Tensor waves; // [F/2]
    private final SiluMlp time;
    private final SiluMlp global;
    private final SiluMlp text;
    private final Tensor before; // [C, C, 1]
    private final Linear in;
    private final List<StableAudioBlock> blocks = new ArrayList<>();
    private final Linear out;
    private final Tensor after; // [outputs, outputs, 1]
    private final Parameters parameters;

    /// Builds the network from named parameters.
    public StableAudio(ParameterSource source, Config config) {
        this.config = config;
        int d = config.hiddenSize();
        int c = config.inChannels;
        int o = config.outChannels;
        waves = source.parameter("time_proj.weight", Init.normal(1), config.timeWidth / 2);
        time = SiluMlp.of(source.at("timestep_proj"), config.timeWidth, d, d, Init.xavierUniform());
        global = withoutBiases(source.at("global_proj"), config.globalWidth, d);
        text =
                withoutBiases(
                        source.at("cross_attention_proj"), config.textWidth, config.crossWidth);
        before = source.parameter("preprocess_conv.weight", Init.zeros(), c, c, 1);
        in = source.linearWithoutBias("proj_in", c, d);
        for (int i = 0; i < config.depth; i++) {
            blocks.add(StableAudioBlock.of(source.at("transformer_blocks." + i), config));
        }
        out = source.linearWithoutBias("proj_out", d, o);
        after = source.parameter("postprocess_conv.weight", Init.zeros(), o, o, 1);
        parameters = source.parameters();
    }

    private static SiluMlp withoutBiases(ParameterSource source, long in, long width) {
        return new SiluMlp(
                source.linearWithoutBias("0", in, width),
                source.linearWithoutBias("2", width, width));
    }

    /// Returns a network with fresh parameters, as the original code starts: what ends a branch is
    /// zero (Stability-AI/stable-audio-tools, `models/transformer.py` and `models/dit.py`).
    public static StableAudio initialise(Config config, Rng rng) {
        return new StableAudio(ParameterSource.initialising(rng), config);
    }

    /// Returns the configuration.
    public Config config() {
        return config;
    }

    /// Returns the element type of the weights, which latents and states must have.
    public Dtype dtype() {
        return in.dtype();
    }

    /// Returns all parameters, which live as long as the network.
    public Parameters parameters() {
        return parameters;
    }

    /// Predicts what it was trained for, usually the velocity.
    ///
    /// @param x noisy latents `[B, C, N]`
    /// @param t time `[B]`, in [0, 1]
    /// @param states of text and times `[B, L, E]`
    /// @param times states of start and length `[B, 1, G]`
    /// @return `[B, outputs, N]` in the caller's scope
    /// @throws ShapeException if a shape does not fit
    public Tensor forward(Tensor x, Tensor t, Tensor states, Tensor times) {
        return TensorScope.compute(() -> forward(x, t, embed(states, times)));
    }

    /// The same with what [#prepare] gave, for the calls of a run.
    public Tensor forward(Tensor x, Tensor t, Prepared conditions) {
        return TensorScope.compute(() -> {
            Hidden h = embed(x, t, conditions);
            return head(throughAll(h)); // [B, outputs, N]
        });
    }

    private Tensor throughAll(Hidden h) {
        if (!Ops.isGradEnabled()) {
            return TensorScope.fold(
                    h.x,
                    IntStream.range(0, config.depth).boxed().toList(),
                    (z, i) -> block(i, z, h));
        }
        Tensor z = h.x;
        for (int i = 0; i < config.depth; i++) {
            z = block(i, z, h);
        }
        return z;
    }

    /// Computes all of text and times that is the same at all times of the process. It belongs to
    /// the caller's innermost scope.
    ///
    /// @param states as for [#forward(Tensor, Tensor, Tensor, Tensor)]
    /// @param times the same
    public Prepared prepare(Tensor states, Tensor times) {
        Prepared p = embed(states, times);
        return new Prepared(p.times, p.text.known(blocks, StableAudioBlock::text));
    }

    private Prepared embed(Tensor states, Tensor times) {
        Shapes.require(states, "states", Shapes.ANY, Shapes.ANY, config.textWidth);
        Shapes.require(times, "times", states.size(0), 1, config.globalWidth);
        return new Prepared(global.forward(times), Attended.of(text.forward(states)));
    }

    /// Embeds noisy latents, time, text and times.
    public Hidden embed(Tensor x, Tensor t, Tensor states, Tensor times) {
        return embed(x, t, embed(states, times));
    }

    private Hidden embed(Tensor x, Tensor t, Prepared conditions) {
        Shapes.require(x, "x", Shapes.ANY, config.inChannels, Shapes.ANY);
        long b = x.size(0);
        Shapes.require(t, "t", b);
        Shapes.require(conditions.times, "conditions", b, 1, config.hiddenSize());
        Tensor front = conditions.times.add(time(t).unsqueeze(1)); // [B, 1, D]
        Tensor frames = mixed(x.transpose(1, 2), before); // [B, N, C]
        Tensor z = Ops.cat(1, front, in.forward(frames)); // [B, 1 + N, D]
        return new Hidden(z, conditions.text, positions((int) z.size(1), z));
    }

    /// Returns the embedding of time `[B, D]`: waves of random frequencies, cosines before sines.
    public Tensor time(Tensor t) {
        Tensor turns = Ops.mul(Ops.like(t, waves), 2 * Math.PI).unsqueeze(1);
        Tensor angles = turns.mul(waves); // [B, F/2]
        return time.forward(Ops.cat(1, angles.cos(), angles.sin())); // [B, D]
    }

    /// The positions 0 for the token in front, and 1 and so on for the frames: half of the channels
    /// of a head turn, pair i of M by `position / 10000^(i / M)`.
    ///
    /// @param tokens the one in front included
    public HalfRotary positions(int tokens) {
        return positions(tokens, in.weight());
    }

    private HalfRotary positions(int tokens, Tensor like) {
        int width = config.headWidth / 2;
        return HalfRotary.of(
                tokens, width, i -> 1 / (float) Math.pow(THETA, 2 * i / (float) width), like);
    }

    /// Adds to the channels of each frame a mixture of them: a convolution of size one.
    private static Tensor mixed(Tensor x, Tensor kernel) {
        return x.add(Ops.linear(x, kernel.squeeze(-1), null));
    }

    /// Returns the number of blocks.
    public int depth() {
        return config.depth;
    }

    /// Applies block `i` to the tokens `[B, 1 + N, D]`.
    ///
    /// @param h what [#embed] gave
    public Tensor block(int i, Tensor x, Hidden h) {
        StableAudioBlock block = blocks.get(i);
        return block.forward(x, h.text.at(i, block::text), h.positions);
    }

    /// Turns the last tokens `[B, 1 + N, D]` into the prediction `[B, outputs, N]`.
    public Tensor head(Tensor x) {
        Tensor frames = out.forward(x.narrow(1, 1, x.size(1) - 1)); // [B, N, outputs]
        return mixed(frames, after).transpose(1, 2).contiguous(); // [B, outputs, N]
    }

    @Override
    public void close() {
        parameters.close();
    }
}
