package org.dit4j.model;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.nn.Init;
import org.dit4j.nn.LayerNorm;
import org.dit4j.nn.Mlp;
import org.dit4j.nn.Modulation;
import org.dit4j.nn.ParameterSource;
import org.dit4j.nn.QkNorm;
import org.dit4j.nn.Rotary;
import org.dit4j.nn.SplitAttention;
import org.dit4j.tensor.Ops;
import org.jspecify.annotations.Nullable;

/// A block of [CogVideoX] (Yang et al. 2024, arXiv:2408.06072, section 2.2, "expert adaptive layer
/// norm").
///
/// @param norm1 before the attention
/// @param attn1 among all tokens
/// @param norm2 before the MLP
/// @param ff the MLP
record CogVideoXBlock(ExpertNorm norm1, SplitAttention attn1, ExpertNorm norm2, Mlp ff) {
    /// Epsilon of the norms of queries and keys.
    private static final double HEAD_EPS = 1e-6;

    /// A norm whose shift, scale and gate differ between video and text.
    ///
    /// @param norm of all tokens
    /// @param modulation shift, scale and gate of the video, then of the text
    record ExpertNorm(LayerNorm norm, Modulation modulation) {
        static ExpertNorm of(ParameterSource source, CogVideoXConfig config) {
            long parts = 6L * config.hiddenSize();
            return new ExpertNorm(
                    CogVideoXBlock.norm(source, "norm", config),
                    new Modulation(
                            source.linear("linear", config.timeWidth(), parts, Init.zeros()), 6));
        }

        /// Normalises and modulates `[B, L + N, D]`.
        Tensor before(Tensor x, Tensor[] m, long length) {
            Tensor z = norm.forward(x);
            return Ops.cat(
                    1,
                    Modulation.modulate(z.narrow(1, 0, length), m[3], m[4]),
                    Modulation.modulate(z.narrow(1, length, z.size(1) - length), m[0], m[1]));
        }

        /// Adds `y` behind its gates to `x`, both `[B, L + N, D]`.
        static Tensor after(Tensor x, Tensor y, Tensor[] m, long length) {
            long n = x.size(1) - length;
            return Ops.cat(
                    1,
                    x.narrow(1, 0, length).addcmul(m[5], y.narrow(1, 0, length)),
                    x.narrow(1, length, n).addcmul(m[2], y.narrow(1, length, n)));
        }
    }

    /// Builds it from the names of diffusers.
    static CogVideoXBlock of(ParameterSource source, CogVideoXConfig config) {
        int d = config.hiddenSize();
        int k = config.headWidth();
        ParameterSource attn = source.at("attn1");
        ParameterSource ff = source.at("ff.net");
        var norm =
                new QkNorm(
                        attn.layerNorm("norm_q", k, HEAD_EPS),
                        attn.layerNorm("norm_k", k, HEAD_EPS));
        return new CogVideoXBlock(
                ExpertNorm.of(source.at("norm1"), config),
                SplitAttention.of(attn, d, config.numHeads(), config.attentionBias(), norm),
                ExpertNorm.of(source.at("norm2"), config),
                new Mlp(ff.linear("0.proj", d, 4L * d), ff.linear("2", 4L * d, d)));
    }

    /// Returns a norm of tokens, with weight and bias if the network has them.
    static LayerNorm norm(ParameterSource source, String name, CogVideoXConfig config) {
        return config.affineNorms()
                ? source.layerNorm(name, config.hiddenSize(), config.normEps())
                : LayerNorm.plain(config.normEps());
    }

    /// Applies the block.
    ///
    /// @param x tokens of text and video `[B, L + N, D]`
    /// @param c time `[B, T]`
    /// @param length of the text, L
    /// @param positions turns queries and keys, or null
    /// @return `[B, L + N, D]`
    Tensor forward(Tensor x, Tensor c, long length, @Nullable Rotary positions) {
        Tensor[] m = norm1.modulation.forward(c); // each [B, 1, D]
        Tensor a = attn1.forward(norm1.before(x, m, length), positions); // [B, L + N, D]
        Tensor h = ExpertNorm.after(x, a, m, length); // [B, L + N, D]
        Tensor[] k = norm2.modulation.forward(c); // each [B, 1, D]
        return ExpertNorm.after(h, ff.forward(norm2.before(h, k, length)), k, length);
    }
}
