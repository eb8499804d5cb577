package org.dit4j.model;

import java.util.Objects;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.nn.Init;
import org.dit4j.nn.KeysValues;
import org.dit4j.nn.LayerNorm;
import org.dit4j.nn.Mlp;
import org.dit4j.nn.Modulation;
import org.dit4j.nn.ParameterSource;
import org.dit4j.nn.QkNorm;
import org.dit4j.nn.SplitAttention;
import org.jspecify.annotations.Nullable;

/// A block of [LatteText], as PixArt's (Chen et al. 2023, arXiv:2310.00426, section 2.3): all
/// blocks share what time gives and add a table of their own.
///
/// @param attn1 among the tokens
/// @param attn2 to the text; null for a block over time
/// @param ff the MLP
/// @param table `[6, D]`
/// @param norm1 before the attention
/// @param norm2 before the MLP
record LatteTextBlock(
        SplitAttention attn1,
        @Nullable SplitAttention attn2,
        Mlp ff,
        Tensor table,
        LayerNorm norm1,
        LayerNorm norm2) {
    /// Builds it from the names of diffusers.
    ///
    /// @param text whether it attends to the text
    static LatteTextBlock of(ParameterSource source, LatteText.Config config, boolean text) {
        int d = config.hiddenSize();
        ParameterSource ff = source.at("ff.net");
        return new LatteTextBlock(
                attention(source.at("attn1"), config),
                text ? attention(source.at("attn2"), config) : null,
                new Mlp(ff.linear("0.proj", d, 4L * d), ff.linear("2", 4L * d, d)),
                source.parameter("scale_shift_table", Init.normal(1 / Math.sqrt(d)), 6, d),
                norm(source, "norm1", config),
                norm(source, "norm2", config));
    }

    private static SplitAttention attention(ParameterSource source, LatteText.Config config) {
        return SplitAttention.of(
                source,
                config.hiddenSize(),
                config.numHeads(),
                config.attentionBias(),
                QkNorm.NONE);
    }

    private static LayerNorm norm(ParameterSource source, String name, LatteText.Config config) {
        return config.affineNorms()
                ? source.layerNorm(name, config.hiddenSize(), config.normEps())
                : LayerNorm.plain(config.normEps());
    }

    /// Applies the block.
    ///
    /// @param x tokens `[S, M, D]` of S sequences
    /// @param time `[S, 6, D]`
    /// @param text what [#text] gave, of S sequences; null for a block over time
    /// @param mask added to the scores of the attention to the text, or null
    /// @return `[S, M, D]`
    Tensor forward(Tensor x, Tensor time, @Nullable KeysValues text, @Nullable Tensor mask) {
        Tensor m = time.add(table); // [S, 6, D]
        Tensor z = modulate(norm1.forward(x), m, 0); // [S, M, D]
        Tensor h = x.addcmul(part(m, 2), attn1.forward(z, null)); // [S, M, D]
        if (attn2 != null && text != null) {
            h = h.add(attn2.forward(h, text, mask)); // [S, M, D]
        }
        return h.addcmul(part(m, 5), ff.forward(modulate(norm2.forward(h), m, 3)));
    }

    /// Returns what the tokens of the text `[B, L, D]` are attended to by.
    KeysValues text(Tensor states) {
        return Objects.requireNonNull(attn2).keysValues(states);
    }

    private static Tensor modulate(Tensor x, Tensor m, int shift) {
        return Modulation.modulate(x, part(m, shift), part(m, shift + 1));
    }

    private static Tensor part(Tensor m, int i) {
        return m.narrow(1, i, 1); // [S, 1, D]
    }
}
