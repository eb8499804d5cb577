package org.dit4j.model;

import java.util.Objects;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.nn.Init;
import org.dit4j.nn.KeysValues;
import org.dit4j.nn.Linear;
import org.dit4j.nn.Norm;
import org.dit4j.nn.ParameterSource;
import org.dit4j.nn.QkNorm;
import org.dit4j.nn.SplitAttention;
import org.dit4j.tensor.AttentionKernel;
import org.jspecify.annotations.Nullable;

/// The self-attention of the Lumina networks, with fewer heads of keys than of queries where wanted
/// (Ainslie et al. 2023, arXiv:2305.13245), and in the text-conditional ones with attention to the
/// text whose gate starts at zero (Lumina-T2X, arXiv:2405.05945, section 2.2; Lumina-T2X,
/// `models/model.py`, `Attention`).
///
/// @param projection to queries, keys and values
/// @param out from all heads to D
/// @param norm of queries and keys
/// @param perHead whether that norm is of each head, not of all together
/// @param layers number and width of the heads
/// @param text attention to the text, or null
record LuminaAttention(
        Projection projection,
        Linear out,
        QkNorm norm,
        boolean perHead,
        LuminaLayers layers,
        @Nullable TextSide text) {
    private static final double EPS = 1e-5;

    /// Makes queries `[B, N, A K]` and keys and values `[B, N, A' K]`.
    sealed interface Projection {
        Tensor[] forward(Tensor x);

        /// Three layers.
        record Separate(Linear q, Linear k, Linear v) implements Projection {
            @Override
            public Tensor[] forward(Tensor x) {
                return new Tensor[] {q.forward(x), k.forward(x), v.forward(x)};
            }
        }

        /// One layer.
        ///
        /// @param width of the queries
        /// @param kvWidth of keys and of values
        record Fused(Linear qkv, long width, long kvWidth) implements Projection {
            @Override
            public Tensor[] forward(Tensor x) {
                Tensor all = qkv.forward(x); // [B, N, A K + 2 A' K]
                return new Tensor[] {
                    all.narrow(2, 0, width),
                    all.narrow(2, width, kvWidth),
                    all.narrow(2, width + kvWidth, kvWidth)
                };
            }
        }
    }

    /// Keys and values of the text.
    ///
    /// @param q own queries of the attention to the text, as diffusers has them, or null: those of
    ///   the self-attention
    /// @param k text to keys
    /// @param v text to values
    /// @param norm of own queries and of the keys
    /// @param gate `[A]`, its tanh multiplies what each head has found
    record TextSide(@Nullable Linear q, Linear k, Linear v, QkNorm norm, Tensor gate) {}

    /// Builds it from `wq`, `wk`, `wv` and `wo`, and with QK-norm `q_norm` and `k_norm`: the norms
    /// are layer norms over all heads together.
    ///
    /// @param textWidth width of the text E; 0 for no attention to it
    /// @param ownTextQueries whether there are `wq_y` and `qy_norm`
    static LuminaAttention separate(
            ParameterSource source, LuminaLayers c, int textWidth, boolean ownTextQueries) {
        int d = c.dim();
        int kv = c.kvWidth();
        return new LuminaAttention(
                new Projection.Separate(
                        source.linearWithoutBias("wq", d, d),
                        source.linearWithoutBias("wk", d, kv),
                        source.linearWithoutBias("wv", d, kv)),
                source.linearWithoutBias("wo", d, d),
                c.qkNorm()
                        ? new QkNorm(
                                source.layerNorm("q_norm", d, EPS),
                                source.layerNorm("k_norm", kv, EPS))
                        : QkNorm.NONE,
                false,
                c,
                textWidth == 0 ? null : textSide(source, c, textWidth, ownTextQueries));
    }

    private static TextSide textSide(
            ParameterSource source, LuminaLayers c, int textWidth, boolean ownQueries) {
        int d = c.dim();
        int kv = c.kvWidth();
        Norm queries = c.qkNorm() && ownQueries ? source.layerNorm("qy_norm", d, EPS) : null;
        Norm keys = c.qkNorm() ? source.layerNorm("ky_norm", kv, EPS) : null;
        return new TextSide(
                ownQueries ? source.linearWithoutBias("wq_y", d, d) : null,
                source.linearWithoutBias("wk_y", textWidth, kv),
                source.linearWithoutBias("wv_y", textWidth, kv),
                new QkNorm(queries, keys),
                source.parameter("gate", Init.zeros(), c.heads()));
    }

    /// Builds it from `qkv` and `out`, and with QK-norm `q_norm` and `k_norm`: the norms divide
    /// each head by its root mean square.
    static LuminaAttention fused(ParameterSource source, LuminaLayers c) {
        int d = c.dim();
        int kv = c.kvWidth();
        int k = c.headWidth();
        return new LuminaAttention(
                new Projection.Fused(source.linearWithoutBias("qkv", d, d + 2L * kv), d, kv),
                source.linearWithoutBias("out", d, d),
                c.qkNorm()
                        ? new QkNorm(
                                source.rmsNorm("q_norm", k, EPS), source.rmsNorm("k_norm", k, EPS))
                        : QkNorm.NONE,
                true,
                c,
                null);
    }

    /// Attends among the tokens `[B, N, D]`, and to the text.
    ///
    /// @param states what [#text] gave, or null
    Tensor forward(Tensor x, LuminaContext given, @Nullable KeysValues states) {
        double scale = 1 / Math.sqrt(layers.headWidth());
        Tensor[] p = projection.forward(x);
        Tensor q = given.positions().rotate(queries(p[0], norm)); // [B, A, N, K]
        Tensor k = given.positions().rotate(keys(p[1], norm)); // [B, A', N, K]
        Tensor y =
                AttentionKernel.attend(
                        q,
                        shared(k),
                        shared(split(p[2])),
                        given.mask(),
                        scale * given.sharpness()); // [B, A, N, K]
        if (text != null && states != null) {
            y = y.add(fromText(text, states, q, x, given)); // [B, A, N, K]
        }
        return out.forward(y.transpose(1, 2).flatten(2, 3)); // [B, N, D]
    }

    /// Returns what the tokens of the text `[B, L, E]` are attended to by, with A' heads.
    KeysValues text(Tensor states) {
        TextSide side = Objects.requireNonNull(text);
        return new KeysValues(
                keys(side.k.forward(states), side.norm), split(side.v.forward(states)));
    }

    private Tensor fromText(
            TextSide side, KeysValues states, Tensor q, Tensor x, LuminaContext given) {
        Tensor own =
                side.q == null
                        ? q
                        : given.positions().rotate(queries(side.q.forward(x), side.norm));
        KeysValues all = states.each(this::shared); // [B, A, L, K]
        double scale = 1 / Math.sqrt(layers.headWidth());
        Tensor y = AttentionKernel.attend(own, all.keys(), all.values(), given.textMask(), scale);
        return y.mul(side.gate.tanh().reshape(-1, 1, 1)); // [B, A, N, K]
    }

    private Tensor queries(Tensor x, QkNorm by) {
        return perHead ? by.queries(split(x)) : split(by.queries(x));
    }

    private Tensor keys(Tensor x, QkNorm by) {
        return perHead ? by.keys(split(x)) : split(by.keys(x));
    }

    /// Cuts `[B, N, heads K]` into `[B, heads, N, K]`.
    private Tensor split(Tensor x) {
        return x.reshape(x.size(0), x.size(1), -1, layers.headWidth()).transpose(1, 2);
    }

    /// Lets every head of `[B, A', N, K]` serve its share of the queries: `[B, A, N, K]`.
    private Tensor shared(Tensor x) {
        return SplitAttention.shared(x, layers.heads());
    }
}
