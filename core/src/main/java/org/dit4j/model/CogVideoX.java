package org.dit4j.model;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.nn.Init;
import org.dit4j.nn.LayerNorm;
import org.dit4j.nn.Linear;
import org.dit4j.nn.Modulation;
import org.dit4j.nn.ParameterSource;
import org.dit4j.nn.Parameters;
import org.dit4j.nn.Rotary;
import org.dit4j.nn.TimestepEmbedding;
import org.dit4j.nn.VideoPatch;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.ShapeException;
import org.dit4j.tensor.Shapes;
import org.dit4j.tensor.TensorScope;
import org.jspecify.annotations.Nullable;

/// CogVideoX, a text-to-video and image-to-video network (Yang et al. 2024, arXiv:2408.06072;
/// diffusers, `cogvideox_transformer_3d.py`): text and video are one sequence with the same weights
/// but modulations of their own.
///
/// Parameter names are those of diffusers, in which it was published. Thread-safe for inference:
/// parameters are only read.
public final class CogVideoX implements AutoCloseable {
    /// What the stages hand on.
    ///
    /// @param x tokens of the text, then of the video, `[B, L + N, D]`
    /// @param c time, and the offset if there is one, `[B, T]`
    /// @param length of the text, L
    /// @param positions of all tokens, or null where they were added
    public record Hidden(Tensor x, Tensor c, long length, @Nullable Rotary positions) {}

    private final CogVideoXConfig config;
    private final CogVideoXPositions positions;
    private final Tensor patchWeight; // [D, C, P, P] or [D, C PT P P]
    private final @Nullable Tensor patchBias; // [D]
    private final Linear text;
    private final Linear time1;
    private final Linear time2;
    private final @Nullable Linear offset1;
    private final @Nullable Linear offset2;
    private final List<CogVideoXBlock> blocks = new ArrayList<>();
    private final LayerNorm finalNorm;
    private final LayerNorm lastNorm;
    private final Modulation lastModulation;
    private final Linear last;
    private final Parameters parameters;

    /// Builds the network from named parameters.
    public CogVideoX(ParameterSource source, CogVideoXConfig config) {
        this.config = config;
        int d = config.hiddenSize();
        int o = config.offsetWidth();
        ParameterSource embed = source.at("patch_embed");
        positions = CogVideoXPositions.of(embed, config);
        patchWeight = patchWeight(embed.at("proj"), config);
        boolean bias = config.patchOverTime() || config.patchBias();
        patchBias = bias ? embed.at("proj").parameter("bias", Init.zeros(), d) : null;
        text = embed.linear("text_proj", config.textWidth(), d);
        time1 = source.linear("time_embedding.linear_1", d, config.timeWidth());
        time2 = source.linear("time_embedding.linear_2", config.timeWidth(), config.timeWidth());
        offset1 = o > 0 ? source.linear("ofs_embedding.linear_1", o, o) : null;
        offset2 = o > 0 ? source.linear("ofs_embedding.linear_2", o, o) : null;
        for (int i = 0; i < config.depth(); i++) {
            blocks.add(CogVideoXBlock.of(source.at("transformer_blocks." + i), config));
        }
        finalNorm = CogVideoXBlock.norm(source, "norm_final", config);
        ParameterSource end = source.at("norm_out");
        lastModulation = new Modulation(end.linear("linear", config.timeWidth(), 2L * d), 2);
        lastNorm = CogVideoXBlock.norm(end, "norm", config);
        last = source.linear("proj_out", d, config.patch().volume() * config.outChannels());
        parameters = source.parameters();
    }

    /// The weight of a convolution, or with patches of several frames of a matrix.
    private static Tensor patchWeight(ParameterSource proj, CogVideoXConfig config) {
        int d = config.hiddenSize();
        int p = config.patch().height();
        Init init = Init.xavierUniform();
        return config.patchOverTime()
                ? proj.parameter("weight", init, d, config.patch().volume() * config.inChannels())
                : proj.parameter("weight", init, d, config.inChannels(), p, p);
    }

    /// Returns a network with fresh parameters: Xavier for linear layers, zero for biases and the
    /// modulations of the blocks, since no training code starts from nothing.
    public static CogVideoX initialise(CogVideoXConfig config, Rng rng) {
        return new CogVideoX(ParameterSource.initialising(rng), config);
    }

    /// Returns the configuration.
    public CogVideoXConfig config() {
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

    /// Predicts the velocity (v-prediction in the published networks).
    ///
    /// @param x noisy latents, and those of an image in more channels where the network has them,
    ///   `[B, F, C, H, W]`, divisible by the patch
    /// @param t diffusion step `[B]`
    /// @param states of the text `[B, L, E]`
    /// @param offset `[1]` or `[B]`, 2 in the published network; null if the network takes none
    /// @param rotary positions of the video's tokens `[N, K]`; null for those of [#positions]; a
    ///   network with added positions does not look at them
    /// @return `[B, F, outputs, H, W]` in the caller's scope
    /// @throws ShapeException if a shape does not fit
    public Tensor forward(
            Tensor x, Tensor t, Tensor states, @Nullable Tensor offset, @Nullable Rotary rotary) {
        return TensorScope.compute(() -> {
            Hidden h = embed(x, t, states, offset, rotary);
            return head(throughAll(h), h, grid(x)); // [B, F, outputs, H, W]
        });
    }

    private Tensor throughAll(Hidden h) {
        if (!Ops.isGradEnabled()) {
            return TensorScope.fold(
                    h.x, blocks, (z, b) -> b.forward(z, h.c, h.length, h.positions));
        }
        Tensor z = h.x;
        for (CogVideoXBlock block : blocks) {
            z = block.forward(z, h.c, h.length, h.positions);
        }
        return z;
    }

    /// Returns the rotary positions of a video's tokens, `[N, K]`, as the published pipelines
    /// choose them; null if the network adds its positions.
    ///
    /// @param x latents `[B, F, C, H, W]`
    public @Nullable Rotary positions(Tensor x) {
        return config.positions().isRotary() ? positions.rotary(grid(x)) : null;
    }

    /// Embeds noisy latents, time, text and offset. Arguments are those of [#forward].
    public Hidden embed(
            Tensor x, Tensor t, Tensor states, @Nullable Tensor offset, @Nullable Rotary rotary) {
        Shapes.require(x, "x", Shapes.ANY, Shapes.ANY, config.inChannels(), Shapes.ANY, Shapes.ANY);
        long b = x.size(0);
        Shapes.require(t, "t", b);
        Shapes.require(states, "states", b, Shapes.ANY, config.textWidth());
        long length = states.size(1);
        Tensor cut = config.patch().patchify(x.transpose(1, 2)); // [B, N, C PT P P]
        Tensor video = Ops.linear(cut, patchWeight.flatten(1, -1), patchBias); // [B, N, D]
        Tensor z = Ops.cat(1, text.forward(states), video); // [B, L + N, D]
        if (config.positions().isAdded()) {
            z = z.add(Ops.like(positions.added(grid(x), length), z));
        }
        Rotary own = !config.positions().isRotary() || rotary == null ? positions(x) : rotary;
        return new Hidden(
                z,
                time(t, offset), // [B, T]
                length,
                own == null ? null : own.on(x).after(length));
    }

    private Tensor time(Tensor t, @Nullable Tensor offset) {
        Tensor c = embedded(t, config.hiddenSize(), time1, time2); // [B, T]
        if ((offset == null) != (offset1 == null)) {
            throw new ShapeException(
                    offset == null ? "the network needs an offset" : "the network takes no offset");
        }
        if (offset == null || offset1 == null || offset2 == null) {
            return c;
        }
        Shapes.require(offset, "offset", offset.size(0) == 1 ? 1 : t.size(0));
        return c.add(embedded(offset, config.offsetWidth(), offset1, offset2)); // [B, T]
    }

    private static Tensor embedded(Tensor t, int frequencies, Linear fc1, Linear fc2) {
        Tensor waves = TimestepEmbedding.sinusoids(t, frequencies, 0);
        return fc2.forward(Ops.silu(fc1.forward(Ops.like(waves, fc1.weight()))));
    }

    private VideoPatch.Grid grid(Tensor x) {
        return config.patch().grid(x.size(1), x.size(3), x.size(4));
    }

    /// Returns the number of blocks.
    public int depth() {
        return config.depth();
    }

    /// Applies block `i` to the tokens `[B, L + N, D]`.
    ///
    /// @param h what [#embed] gave
    public Tensor block(int i, Tensor x, Hidden h) {
        return blocks.get(i).forward(x, h.c, h.length, h.positions);
    }

    /// Turns the last tokens into the prediction.
    ///
    /// @param x `[B, L + N, D]`
    /// @param h what [#embed] gave
    /// @param grid of patches
    /// @return `[B, F, outputs, H, W]`
    public Tensor head(Tensor x, Hidden h, VideoPatch.Grid grid) {
        Tensor video = x.narrow(1, h.length, x.size(1) - h.length); // [B, N, D]
        Tensor z = lastNorm.forward(finalNorm.forward(video)); // [B, N, D]
        Tensor[] m = lastModulation.forward(h.c); // shift and scale, each [B, 1, D]
        Tensor out = last.forward(Modulation.modulate(z, m[0], m[1])); // [B, N, C PT P P]
        return config.patch().unpatchifyChannelsFirst(out, grid).transpose(1, 2);
    }

    @Override
    public void close() {
        parameters.close();
    }
}
