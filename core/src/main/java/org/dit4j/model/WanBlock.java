package org.dit4j.model;

import java.util.Objects;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.nn.Init;
import org.dit4j.nn.KeysValues;
import org.dit4j.nn.LayerNorm;
import org.dit4j.nn.Linear;
import org.dit4j.nn.Mlp;
import org.dit4j.nn.Modulation;
import org.dit4j.nn.ParameterSource;
import org.dit4j.nn.QkNorm;
import org.dit4j.nn.RmsNorm;
import org.dit4j.nn.Rotary;
import org.dit4j.nn.SplitAttention;
import org.dit4j.nn.SplitAttention.Normed;
import org.jspecify.annotations.Nullable;

/// A block of [Wan] (Wan-Video/Wan2.1, `wan/modules/model.py`, `WanAttentionBlock`).
///
/// @param selfAttn among the tokens of the video
/// @param norm3 before the attention to the text, or null
/// @param crossAttn to the text
/// @param image keys and values of the image, or null
/// @param ffn the MLP
/// @param modulation added to what time gives, `[1, 6, D]`
/// @param norm before self-attention and MLP, without parameters
record WanBlock(
        SplitAttention selfAttn,
        @Nullable LayerNorm norm3,
        SplitAttention crossAttn,
        @Nullable ImageKeys image,
        Mlp ffn,
        Tensor modulation,
        LayerNorm norm) {
    /// How the tokens of an image are attended to, with the queries of the text.
    ///
    /// @param k D to D
    /// @param v D to D
    /// @param norm of the keys, over all heads
    record ImageKeys(Linear k, Linear v, RmsNorm norm) {
        static ImageKeys of(ParameterSource source, int width, double eps) {
            return new ImageKeys(
                    source.linear("k_img", width, width),
                    source.linear("v_img", width, width),
                    source.rmsNorm("norm_k_img", width, eps));
        }
    }

    /// Builds it from the names of the original code.
    static WanBlock of(ParameterSource source, Wan.Config config) {
        int d = config.hiddenSize();
        ParameterSource cross = source.at("cross_attn");
        return new WanBlock(
                attention(source.at("self_attn"), config),
                config.crossNorm() ? source.layerNorm("norm3", d, config.eps()) : null,
                attention(cross, config),
                config.imageWidth() > 0 ? ImageKeys.of(cross, d, config.eps()) : null,
                new Mlp(
                        source.linear("ffn.0", d, config.ffnWidth()),
                        source.linear("ffn.2", config.ffnWidth(), d)),
                source.parameter("modulation", Init.normal(1 / Math.sqrt(d)), 1, 6, d),
                LayerNorm.plain(config.eps()));
    }

    private static SplitAttention attention(ParameterSource source, Wan.Config config) {
        int d = config.hiddenSize();
        return new SplitAttention(
                source.linear("q", d, d),
                source.linear("k", d, d),
                source.linear("v", d, d),
                source.linear("o", d, d),
                new QkNorm(
                        source.rmsNorm("norm_q", d, config.eps()),
                        source.rmsNorm("norm_k", d, config.eps())),
                Normed.ALL_HEADS,
                config.numHeads());
    }

    /// Applies the block.
    ///
    /// @param x tokens `[B, N, D]`
    /// @param time `[B, 1, 6, D]`, or `[B, N, 6, D]` where each token has a time of its own
    /// @param text what [#text] gave
    /// @param seen what [#image] gave, or null
    /// @param positions of the tokens
    /// @return `[B, N, D]`
    Tensor forward(
            Tensor x, Tensor time, KeysValues text, @Nullable KeysValues seen, Rotary positions) {
        Tensor m = time.add(modulation.unsqueeze(0)); // [B, 1 or N, 6, D]
        Tensor a = selfAttn.forward(modulate(x, m, 0), positions); // [B, N, D]
        Tensor h = x.addcmul(m.select(2, 2), a); // [B, N, D]
        h = h.add(cross(norm3 == null ? h : norm3.forward(h), text, seen)); // [B, N, D]
        return h.addcmul(m.select(2, 5), ffn.forward(modulate(h, m, 3))); // [B, N, D]
    }

    private Tensor modulate(Tensor x, Tensor m, int shift) {
        return Modulation.modulate(norm.forward(x), m.select(2, shift), m.select(2, shift + 1));
    }

    /// Text and image are attended to one by one, and what is found is added.
    private Tensor cross(Tensor x, KeysValues text, @Nullable KeysValues seen) {
        Tensor q = crossAttn.queries(x); // [B, A, N, K]
        Tensor y = SplitAttention.attend(q, text.keys(), text.values(), null); // [B, N, D]
        if (seen != null) {
            y = y.add(SplitAttention.attend(q, seen.keys(), seen.values(), null)); // [B, N, D]
        }
        return crossAttn.out().forward(y); // [B, N, D]
    }

    /// Returns what the tokens of the text `[B, L, D]` are attended to by.
    KeysValues text(Tensor states) {
        return crossAttn.keysValues(states);
    }

    /// Returns what the tokens of the image `[B, M, D]` are attended to by.
    KeysValues image(Tensor states) {
        ImageKeys own = Objects.requireNonNull(image);
        return new KeysValues(
                crossAttn.split(own.norm.forward(own.k.forward(states))),
                crossAttn.split(own.v.forward(states)));
    }
}
