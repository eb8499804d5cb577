package org.dit4j.model;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.nn.HalfRotary;
import org.dit4j.nn.Init;
import org.dit4j.nn.KeysValues;
import org.dit4j.nn.LayerNorm;
import org.dit4j.nn.Linear;
import org.dit4j.nn.ParameterSource;
import org.dit4j.nn.QkNorm;
import org.dit4j.nn.SplitAttention;
import org.dit4j.tensor.Ops;

/// A block of [StableAudio]: attention among the tokens, attention to the text with fewer heads of
/// keys and values, and a gated MLP, each behind a norm (diffusers, `stable_audio_transformer.py`,
/// `StableAudioDiTBlock`).
///
/// @param norm1 before the attention among the tokens
/// @param attn1 among the tokens
/// @param norm2 before the attention to the text
/// @param attn2 to the text; its keys and values have A' heads
/// @param norm3 before the MLP
/// @param up D to twice 4 D: what is gated, then its gate
/// @param down 4 D to D
/// @param headWidth K
record StableAudioBlock(
        LayerNorm norm1,
        SplitAttention attn1,
        LayerNorm norm2,
        SplitAttention attn2,
        LayerNorm norm3,
        Linear up,
        Linear down,
        int headWidth) {
    private static final double EPS = 1e-5;

    /// Builds it from the names of diffusers.
    static StableAudioBlock of(ParameterSource source, StableAudio.Config c) {
        int d = c.hiddenSize();
        ParameterSource ff = source.at("ff.net");
        return new StableAudioBlock(
                source.layerNorm("norm1", d, EPS),
                attention(source.at("attn1"), c, d, d),
                source.layerNorm("norm2", d, EPS),
                attention(source.at("attn2"), c, c.crossWidth(), c.numKvHeads() * c.headWidth()),
                source.layerNorm("norm3", d, EPS),
                ff.linear("0.proj", d, 8L * d),
                ff.linear("2", 4L * d, d, Init.zeros()),
                c.headWidth());
    }

    /// Without any biases.
    ///
    /// @param in width of what is attended to
    /// @param width of keys and values
    private static SplitAttention attention(
            ParameterSource source, StableAudio.Config c, int in, int width) {
        int d = c.hiddenSize();
        return new SplitAttention(
                source.linearWithoutBias("to_q", d, d),
                source.linearWithoutBias("to_k", in, width),
                source.linearWithoutBias("to_v", in, width),
                new Linear(source.parameter("to_out.0.weight", Init.zeros(), d, d), null),
                QkNorm.NONE,
                SplitAttention.Normed.EACH_HEAD,
                c.numHeads());
    }

    /// Applies the block.
    ///
    /// @param x tokens `[B, M, D]`
    /// @param text what [#text] gave
    /// @param positions of the tokens
    /// @return `[B, M, D]`
    Tensor forward(Tensor x, KeysValues text, HalfRotary positions) {
        Tensor h = x.add(among(norm1.forward(x), positions)); // [B, M, D]
        h = h.add(toText(norm2.forward(h), text)); // [B, M, D]
        Tensor[] p = Ops.chunk(up.forward(norm3.forward(h)), 2, -1); // [B, M, 4 D] each
        return h.add(down.forward(p[0].mul(Ops.silu(p[1])))); // [B, M, D]
    }

    private Tensor among(Tensor x, HalfRotary positions) {
        Tensor q = positions.rotate(attn1.queries(x)); // [B, A, M, K]
        Tensor k = positions.rotate(attn1.keys(x)); // [B, A, M, K]
        return attn1.out().forward(SplitAttention.attend(q, k, attn1.values(x), null));
    }

    private Tensor toText(Tensor x, KeysValues text) {
        Tensor q = attn2.queries(x); // [B, A, M, K]
        KeysValues all = text.each(y -> SplitAttention.shared(y, q.size(1))); // [B, A, L, K]
        return attn2.out().forward(SplitAttention.attend(q, all.keys(), all.values(), null));
    }

    /// Returns what the tokens of the text `[B, L, E']` are attended to by, with A' heads.
    KeysValues text(Tensor states) {
        return new KeysValues(heads(attn2.k(), states), heads(attn2.v(), states));
    }

    /// Cuts `[B, L, A' K]` into heads `[B, A', L, K]`.
    private Tensor heads(Linear projection, Tensor states) {
        Tensor y = projection.forward(states); // [B, L, A' K]
        return y.reshape(y.size(0), y.size(1), -1, headWidth).transpose(1, 2);
    }
}
