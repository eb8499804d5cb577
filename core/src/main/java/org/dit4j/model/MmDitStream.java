package org.dit4j.model;

import static org.dit4j.nn.Modulation.modulate;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.nn.Attention;
import org.dit4j.nn.LayerNorm;
import org.dit4j.nn.Linear;
import org.dit4j.nn.Mlp;
import org.dit4j.nn.Modulation;
import org.dit4j.nn.ParameterSource;
import org.dit4j.nn.QkNorm;
import org.jspecify.annotations.Nullable;

/// The weights that a block of [MmDit], or a double block of [Flux], has for one modality, text or
/// picture (Esser et al. 2024, arXiv:2403.03206, figure 2b; Stability-AI/sd3.5, `mmditx.py`,
/// `DismantledBlock`).
///
/// @param modulation shift, scale, gate of the attention and of the MLP; shift and scale of the
///   attention only where nothing follows it; with a second attention also its shift, scale, gate
/// @param qkv D to 3 D, ordered q, k, v, then head
/// @param norm of the queries and keys of each head
/// @param heads number of heads A
/// @param after what follows the attention, null for the text of the last block
/// @param attn2 second attention, among the tokens of this modality only, or null
record MmDitStream(
        Modulation modulation,
        Linear qkv,
        QkNorm norm,
        int heads,
        @Nullable After after,
        @Nullable Attention attn2) {
    /// Epsilon of all norms.
    static final double EPS = 1e-6;

    /// What follows the attention.
    ///
    /// @param proj D to D
    /// @param mlp the MLP
    record After(Linear proj, Mlp mlp) {
        static After of(ParameterSource source, MmDit.Config config) {
            int d = config.hiddenSize();
            return new After(
                    source.at("attn").linear("proj", d, d),
                    Mlp.of(source.at("mlp"), d, MmDit.MLP_RATIO * d));
        }
    }

    /// Queries, keys and values, each `[B, A, N, K]`.
    record Heads(Tensor q, Tensor k, Tensor v) {}

    /// Builds it from the names of the original code.
    ///
    /// @param ends whether nothing follows the attention
    /// @param dual whether there is a second attention
    static MmDitStream of(ParameterSource source, MmDit.Config config, boolean ends, boolean dual) {
        int d = config.hiddenSize();
        int parts = ends ? 2 : dual ? 9 : 6;
        ParameterSource attn = source.at("attn");
        return new MmDitStream(
                Modulation.of(source.at("adaLN_modulation"), d, parts),
                attn.linear("qkv", d, 3L * d),
                norm(attn, config),
                config.numHeads(),
                ends ? null : After.of(source, config),
                dual ? selfAttention(source.at("attn2"), config) : null);
    }

    private static Attention selfAttention(ParameterSource source, MmDit.Config config) {
        int d = config.hiddenSize();
        return new Attention(
                source.linear("qkv", d, 3L * d),
                source.linear("proj", d, d),
                norm(source, config),
                config.numHeads());
    }

    private static QkNorm norm(ParameterSource source, MmDit.Config config) {
        int k = config.hiddenSize() / config.numHeads();
        return switch (config.qkNorm()) {
            case NONE -> QkNorm.NONE;
            case RMS -> new QkNorm(source.rmsNorm("ln_q", k, EPS), source.rmsNorm("ln_k", k, EPS));
            case LAYER ->
                    new QkNorm(source.layerNorm("ln_q", k, EPS), source.layerNorm("ln_k", k, EPS));
            case PLAIN_LAYER -> new QkNorm(LayerNorm.plain(EPS), LayerNorm.plain(EPS));
        };
    }

    /// Returns what the joint attention needs of the tokens.
    ///
    /// @param x `[B, N, D]`
    /// @param m what [#modulation] gave, each `[B, 1, D]`
    Heads heads(Tensor x, Tensor[] m) {
        Tensor z = modulate(LayerNorm.plain(EPS).forward(x), m[0], m[1]); // [B, N, D]
        long k = x.size(2) / heads;
        Tensor p =
                qkv.forward(z)
                        .reshape(x.size(0), x.size(1), 3, heads, k)
                        .permute(2, 0, 3, 1, 4); // [3, B, A, N, K]
        return new Heads(norm.queries(p.select(0, 0)), norm.keys(p.select(0, 1)), p.select(0, 2));
    }

    /// Adds what follows the joint attention to the tokens.
    ///
    /// @param x `[B, N, D]`
    /// @param joint what these tokens attended to `[B, N, D]`
    /// @param m what [#modulation] gave, each `[B, 1, D]`
    /// @return `[B, N, D]`; `x` itself where nothing follows
    Tensor finish(Tensor x, Tensor joint, Tensor[] m) {
        if (after == null) {
            return x;
        }
        LayerNorm plain = LayerNorm.plain(EPS);
        Tensor h = x.addcmul(m[2], after.proj.forward(joint)); // [B, N, D]
        if (attn2 != null) {
            Tensor z = modulate(plain.forward(x), m[6], m[7]); // [B, N, D]
            h = h.addcmul(m[8], attn2.forward(z)); // [B, N, D]
        }
        return h.addcmul(m[5], after.mlp.forward(modulate(plain.forward(h), m[3], m[4])));
    }
}
