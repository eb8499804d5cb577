package org.dit4j.model;

import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.nn.KeysValues;
import org.dit4j.nn.Modulation;
import org.dit4j.nn.ParameterSource;
import org.dit4j.nn.RmsNorm;
import org.dit4j.nn.SwiGlu;
import org.dit4j.tensor.Ops;
import org.jspecify.annotations.Nullable;

/// A block of the Lumina networks: attention, then a gated feed-forward part, both between norms
/// that divide by the root mean square.
///
/// Flag-DiT (Lumina-T2X, arXiv:2405.05945, section 2.2) normalises before both and is modulated by
/// shift, scale and gate. Next-DiT (Lumina-Next, arXiv:2406.18583, section 2.1) normalises after
/// them as well ("sandwich"), so that deep networks stay bounded, and is modulated by a scale and
/// the tanh of a gate.
///
/// @param modulation the scales and so on, or null: nothing but norms
/// @param norms around the attention
/// @param attention self-attention, and to the text where the network has it
/// @param textNorm before the attention to the text, or null
/// @param ffnNorms around the feed-forward part
/// @param feedForward the feed-forward part
record LuminaBlock(
        @Nullable Modulation modulation,
        Around norms,
        LuminaAttention attention,
        @Nullable RmsNorm textNorm,
        Around ffnNorms,
        SwiGlu feedForward) {
    private static final int FLAG_PARTS = 6;
    private static final int NEXT_PARTS = 4;

    /// The norms before and, in Next-DiT, after a part of the block.
    record Around(RmsNorm before, @Nullable RmsNorm after) {}

    /// How a part of the block is modulated; null where it is not.
    ///
    /// @param shift `[B, 1, D]`
    /// @param scale `[B, 1, D]`, 0 changes nothing
    /// @param gate `[B, 1, D]`, what the part's result is multiplied by
    private record Change(@Nullable Tensor shift, @Nullable Tensor scale, @Nullable Tensor gate) {
        static final Change NONE = new Change(null, null, null);

        Tensor enter(Tensor x) {
            Tensor scaled = scale == null ? x : x.mul(Ops.add(scale, 1));
            return shift == null ? scaled : scaled.add(shift);
        }

        Tensor leave(Tensor x) {
            return gate == null ? x : x.mul(gate);
        }
    }

    /// Builds a block of Flag-DiT from the names of the original code.
    ///
    /// @param textWidth width of the text, 0 without attention to it
    static LuminaBlock flag(ParameterSource source, LuminaLayers c, int textWidth) {
        return new LuminaBlock(
                modulation(source, c, FLAG_PARTS),
                new Around(norm(source, "attention_norm", c), null),
                LuminaAttention.separate(source.at("attention"), c, textWidth, false),
                textWidth == 0 ? null : textNorm(source, c, textWidth),
                new Around(norm(source, "ffn_norm", c), null),
                feedForward(source, c, 8 * c.dim() / 3));
    }

    /// Builds a block of class-conditional Next-DiT, whose first norms have no weight
    /// (`Next-DiT-ImageNet/models/models.py`, `TransformerBlockSandwichNorm2`).
    static LuminaBlock nextOfClasses(ParameterSource source, LuminaLayers c) {
        RmsNorm plain = RmsNorm.plain(c.normEps());
        return new LuminaBlock(
                modulation(source, c, NEXT_PARTS),
                new Around(plain, norm(source, "attention_norm", c)),
                LuminaAttention.separate(source.at("attention"), c, 0, false),
                null,
                new Around(plain, norm(source, "ffn_norm", c)),
                feedForward(source, c, 8 * c.dim() / 3));
    }

    /// Builds a block of text-conditional Next-DiT.
    ///
    /// @param textWidth width of the text
    /// @param ownTextQueries whether the attention to the text has queries of its own
    static LuminaBlock next(
            ParameterSource source, LuminaLayers c, int textWidth, boolean ownTextQueries) {
        return new LuminaBlock(
                modulation(source, c, NEXT_PARTS),
                sandwich(source, "attention_norm", c),
                LuminaAttention.separate(source.at("attention"), c, textWidth, ownTextQueries),
                textNorm(source, c, textWidth),
                sandwich(source, "ffn_norm", c),
                feedForward(source, c, 8 * c.dim() / 3));
    }

    /// Builds a block of Lumina 2, whose feed-forward part is wider (Lumina-Image-2.0,
    /// `models/model.py`, `JointTransformerBlock`).
    ///
    /// @param modulated whether the time modulates it
    static LuminaBlock joint(ParameterSource source, LuminaLayers c, boolean modulated) {
        return new LuminaBlock(
                modulated ? modulation(source, c, NEXT_PARTS) : null,
                sandwich(source, "attention_norm", c),
                LuminaAttention.fused(source.at("attention"), c),
                null,
                sandwich(source, "ffn_norm", c),
                feedForward(source, c, 4 * c.dim()));
    }

    private static Modulation modulation(ParameterSource source, LuminaLayers c, int parts) {
        return Modulation.of(source.at("adaLN_modulation"), c.conditionWidth(), c.dim(), parts);
    }

    private static RmsNorm norm(ParameterSource source, String name, LuminaLayers c) {
        return source.rmsNorm(name, c.dim(), c.normEps());
    }

    private static Around sandwich(ParameterSource source, String name, LuminaLayers c) {
        return new Around(norm(source, name + "1", c), norm(source, name + "2", c));
    }

    private static RmsNorm textNorm(ParameterSource source, LuminaLayers c, int width) {
        return source.rmsNorm("attention_y_norm", width, c.normEps());
    }

    private static SwiGlu feedForward(ParameterSource source, LuminaLayers c, int plain) {
        return SwiGlu.of(source.at("feed_forward"), c.dim(), c.hiddenWidth(plain));
    }

    /// Applies the block.
    ///
    /// @param x tokens `[B, N, D]`
    /// @param c time and conditions, as wide as the modulation wants them; null without one
    /// @param given what the attention needs
    /// @param text what [#text] gave, or null
    /// @return `[B, N, D]`
    Tensor forward(Tensor x, @Nullable Tensor c, LuminaContext given, @Nullable KeysValues text) {
        Change[] m = changes(c);
        Tensor h = part(x, norms, m[0], z -> attention.forward(z, given, text)); // [B, N, D]
        return part(h, ffnNorms, m[1], feedForward::forward); // [B, N, D]
    }

    /// Returns what the tokens of the text `[B, L, E]` are attended to by.
    KeysValues text(Tensor states) {
        return attention.text(textNorm == null ? states : textNorm.forward(states));
    }

    /// The changes of the attention and of the feed-forward part.
    private Change[] changes(@Nullable Tensor c) {
        if (modulation == null || c == null) {
            return new Change[] {Change.NONE, Change.NONE};
        }
        Tensor[] m = modulation.forward(c); // each [B, 1, D]
        return modulation.parts() == FLAG_PARTS
                ? new Change[] {new Change(m[0], m[1], m[2]), new Change(m[3], m[4], m[5])}
                : new Change[] {
                    new Change(null, m[0], m[1].tanh()), new Change(null, m[2], m[3].tanh())
                };
    }

    private static Tensor part(Tensor x, Around norms, Change m, UnaryOperator<Tensor> layer) {
        Tensor y = layer.apply(m.enter(norms.before.forward(x))); // [B, N, D]
        return x.add(m.leave(norms.after == null ? y : norms.after.forward(y))); // [B, N, D]
    }
}
