package org.dit4j.model;

import static org.dit4j.nn.Modulation.modulate;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.nn.Init;
import org.dit4j.nn.KeysValues;
import org.dit4j.nn.LayerNorm;
import org.dit4j.nn.MixFfn;
import org.dit4j.nn.ParameterSource;
import org.dit4j.tensor.Ops;

/// A block of [Sana] (Xie et al. 2024, arXiv:2410.10629, section 2.2 and figure 5; NVlabs/Sana,
/// `sana_multi_scale.py`, `SanaMSBlock`): all blocks share one modulation, to which each adds a
/// table of its own.
///
/// @param table `[6, D]`: shift, scale, gate of the attention, then of the feed-forward part
/// @param attn linear attention among the picture's tokens
/// @param cross attention to the text, without norm, modulation and gate
/// @param ffn the feed-forward part, which sees the tokens as a picture
/// @param before norm of the attention
/// @param between norm of the feed-forward part
record SanaBlock(
        Tensor table,
        SanaAttention attn,
        SanaAttention.Cross cross,
        MixFfn ffn,
        LayerNorm before,
        LayerNorm between) {
    private static final MixFfn.Names FFN =
            new MixFfn.Names("inverted_conv.conv", "depth_conv.conv", "point_conv.conv");

    /// Builds it from the names of the original code.
    static SanaBlock of(ParameterSource source, Sana.Config config) {
        int d = config.hiddenSize();
        double eps = config.normEps();
        return new SanaBlock(
                source.parameter("scale_shift_table", Init.normal(1 / Math.sqrt(d)), 6, d),
                SanaAttention.of(source.at("attn"), config),
                SanaAttention.Cross.of(source.at("cross_attn"), config),
                MixFfn.of(source.at("mlp"), FFN, d, (long) (config.mlpRatio() * d)),
                LayerNorm.plain(eps),
                config.normAffine() ? source.layerNorm("norm2", d, eps) : LayerNorm.plain(eps));
    }

    /// Applies the block to the tokens of the picture `[B, N, D]`.
    ///
    /// @param text what [#cross] makes of it
    Tensor forward(Tensor x, Sana.Hidden h, KeysValues text) {
        Tensor[] m = Ops.chunk(h.modulation().add(table), 6, 1); // each [B, 1, D]
        Tensor attended = attn.forward(modulate(before.forward(x), m[0], m[1])); // [B, N, D]
        Tensor own = x.addcmul(m[2], attended); // [B, N, D]
        Tensor y = own.add(cross.forward(own, text, h.mask())); // [B, N, D]
        Tensor z = modulate(between.forward(y), m[3], m[4]); // [B, N, D]
        return y.addcmul(m[5], convolved(z, h)); // [B, N, D]
    }

    private Tensor convolved(Tensor x, Sana.Hidden h) {
        Tensor picture =
                x.transpose(1, 2)
                        .reshape(x.size(0), x.size(2), h.rows(), h.columns()); // [B, D, ..]
        return ffn.forward(picture).flatten(2, 3).transpose(1, 2); // [B, N, D]
    }
}
