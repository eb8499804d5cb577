package org.dit4j.model;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.nn.Attention;
import org.dit4j.nn.CrossAttention;
import org.dit4j.nn.LayerNorm;
import org.dit4j.nn.Linear;
import org.dit4j.nn.Mlp;
import org.dit4j.nn.Modulation;
import org.dit4j.nn.ParameterSource;
import org.dit4j.nn.QkNorm;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.ShapeException;
import org.jspecify.annotations.Nullable;

/// A block of Hunyuan-DiT (Li et al. 2024, arXiv:2405.08748, section 2.1; Tencent/HunyuanDiT,
/// `hydit/modules/models.py`): time and conditions only shift the tokens before the self-attention,
/// text is attended to, and the blocks of the second half first merge the output of their partner
/// in the first half.
///
/// @param skip what merges the partner's output, in the second half only, else null
/// @param modulation the shift
/// @param norm1 before the self-attention
/// @param attn1 self-attention
/// @param norm3 before the cross-attention
/// @param attn2 cross-attention to the text
/// @param norm2 before the MLP
/// @param mlp the MLP
record HunyuanDitBlock(
        @Nullable Skip skip,
        Modulation modulation,
        LayerNorm norm1,
        Attention attn1,
        LayerNorm norm3,
        CrossAttention attn2,
        LayerNorm norm2,
        Mlp mlp) {
    private static final double EPS = 1e-6;

    /// Merges a long skip.
    ///
    /// @param norm of both next to each other, 2 D
    /// @param linear 2 D to D
    record Skip(LayerNorm norm, Linear linear) {
        static Skip of(ParameterSource source, int d) {
            return new Skip(
                    source.layerNorm("skip_norm", 2L * d, EPS),
                    source.linear("skip_linear", 2L * d, d));
        }

        /// Merges `x` and `partner`, both `[B, N, D]`.
        Tensor forward(Tensor x, Tensor partner) {
            return linear.forward(norm.forward(Ops.cat(2, x, partner))); // [B, N, D]
        }
    }

    /// Builds it from the names of the original code.
    ///
    /// @param merges whether it is a block of the second half
    static HunyuanDitBlock of(ParameterSource source, HunyuanDit.Config config, boolean merges) {
        int d = config.hiddenSize();
        return new HunyuanDitBlock(
                merges ? Skip.of(source, d) : null,
                Modulation.of(source.at("default_modulation"), d, 1),
                source.layerNorm("norm1", d, EPS),
                selfAttention(source.at("attn1"), d, config.numHeads()),
                source.layerNorm("norm3", d, EPS),
                crossAttention(source.at("attn2"), d, config.text().width(), config.numHeads()),
                source.layerNorm("norm2", d, EPS),
                Mlp.of(source.at("mlp"), d, config.mlpWidth()));
    }

    private static Attention selfAttention(ParameterSource source, int d, int heads) {
        return new Attention(
                source.linear("Wqkv", d, 3L * d),
                source.linear("out_proj", d, d),
                QkNorm.of(source, d / heads),
                heads);
    }

    private static CrossAttention crossAttention(
            ParameterSource source, int d, int textWidth, int heads) {
        return new CrossAttention(
                source.linear("q_proj", d, d),
                source.linear("kv_proj", textWidth, 2L * d),
                source.linear("out_proj", d, d),
                QkNorm.of(source, d / heads),
                heads);
    }

    /// Applies the block.
    ///
    /// @param i its number
    /// @param x tokens `[B, N, D]`
    /// @param given conditions, text and positions of all blocks
    /// @param partner output of the partner in the first half `[B, N, D]`, null in that half
    /// @return `[B, N, D]`
    Tensor forward(int i, Tensor x, HunyuanDit.Hidden given, @Nullable Tensor partner) {
        Tensor h = merged(x, partner); // [B, N, D]
        Tensor shift = modulation.forward(given.c())[0]; // [B, 1, D]
        h = h.add(attn1.forward(norm1.forward(h).add(shift), given.positions())); // [B, N, D]
        Tensor seen = norm3.forward(h); // [B, N, D]
        h =
                h.add(
                        attn2.forward(
                                seen,
                                given.text().at(i, attn2::keysValues),
                                given.textMask(),
                                given.positions())); // [B, N, D]
        return h.add(mlp.forward(norm2.forward(h))); // [B, N, D]
    }

    private Tensor merged(Tensor x, @Nullable Tensor partner) {
        if (skip != null && partner != null) {
            return skip.forward(x, partner);
        }
        if (skip != null || partner != null) {
            throw new ShapeException(
                    skip == null
                            ? "a block of the first half has no partner but one was given"
                            : "a block of the second half needs the output of its partner");
        }
        return x;
    }
}
