package org.dit4j.model;

import static org.dit4j.nn.Modulation.modulate;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.nn.Attention;
import org.dit4j.nn.CrossAttention;
import org.dit4j.nn.Init;
import org.dit4j.nn.KeysValues;
import org.dit4j.nn.LayerNorm;
import org.dit4j.nn.Linear;
import org.dit4j.nn.Mlp;
import org.dit4j.nn.ParameterSource;
import org.dit4j.nn.QkNorm;
import org.dit4j.tensor.Ops;
import org.jspecify.annotations.Nullable;

/// A block of [PixArt] (Chen et al. 2023, arXiv:2310.00426, section 2.3 and figure 4;
/// PixArt-alpha/PixArt-sigma, `PixArtMS.py`, `PixArtMSBlock`): all blocks share one modulation, to
/// which each adds a table of its own.
///
/// @param table `[6, D]`: shift, scale, gate of the attention, then of the MLP
/// @param attn attention among the picture's tokens
/// @param cross attention to the text, without norm, modulation and gate
/// @param mlp the MLP
/// @param norm without parameters, before the attention and before the MLP
record PixArtBlock(Tensor table, Attention attn, CrossAttention cross, Mlp mlp, LayerNorm norm) {
    /// Builds it from the names of the original code.
    static PixArtBlock of(ParameterSource source, PixArt.Config config) {
        int d = config.hiddenSize();
        return new PixArtBlock(
                source.parameter("scale_shift_table", Init.normal(1 / Math.sqrt(d)), 6, d),
                Attention.of(source.at("attn"), d, config.numHeads(), false),
                cross(source.at("cross_attn"), config),
                Mlp.of(source.at("mlp"), d, PixArt.MLP_RATIO * d),
                LayerNorm.plain(config.normEps()));
    }

    private static CrossAttention cross(ParameterSource source, PixArt.Config config) {
        int d = config.hiddenSize();
        Linear q = source.linear("q_linear", d, d);
        Linear kv = source.linear("kv_linear", config.stateWidth(), 2L * d);
        Linear proj = source.linear("proj", d, d, Init.zeros());
        return new CrossAttention(q, kv, proj, QkNorm.NONE, config.numHeads());
    }

    /// Applies the block.
    ///
    /// @param x tokens of the picture `[B, N, D]`
    /// @param modulation what all blocks share `[B, 6, D]`
    /// @param text what [#cross] makes of it
    /// @param mask added to the scores of the attention to the text `[B, 1, 1, L]`, or null
    Tensor forward(Tensor x, Tensor modulation, KeysValues text, @Nullable Tensor mask) {
        Tensor[] m = Ops.chunk(modulation.add(table), 6, 1); // each [B, 1, D]
        Tensor attended = attn.forward(modulate(norm.forward(x), m[0], m[1])); // [B, N, D]
        Tensor own = x.addcmul(m[2], attended); // [B, N, D]
        Tensor h = own.add(cross.forward(own, text, mask, null)); // [B, N, D]
        return h.addcmul(m[5], mlp.forward(modulate(norm.forward(h), m[3], m[4]))); // [B, N, D]
    }
}
