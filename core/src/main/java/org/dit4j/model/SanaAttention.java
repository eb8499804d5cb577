package org.dit4j.model;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.nn.Init;
import org.dit4j.nn.KeysValues;
import org.dit4j.nn.Linear;
import org.dit4j.nn.LinearAttention;
import org.dit4j.nn.ParameterSource;
import org.dit4j.nn.QkNorm;
import org.dit4j.nn.SplitAttention;
import org.dit4j.tensor.Ops;
import org.jspecify.annotations.Nullable;

/// The linear attention of [Sana] among the tokens of the picture (NVlabs/Sana, `sana_blocks.py`,
/// `LiteLA`).
///
/// @param qkv D to 3 D, ordered q, k, v, then head
/// @param proj D to D
/// @param norm of queries and keys, over the channels of all heads
/// @param heads number of heads A
record SanaAttention(Linear qkv, Linear proj, QkNorm norm, int heads) {
    private static final double EPS = 1e-5;

    /// Builds it from `qkv`, `proj` and, with QK-norm, `q_norm` and `k_norm` below `source`.
    static SanaAttention of(ParameterSource source, Sana.Config config) {
        int d = config.hiddenSize();
        return new SanaAttention(
                config.attentionBias()
                        ? source.linear("qkv", d, 3L * d)
                        : source.linearWithoutBias("qkv", d, 3L * d),
                source.linear("proj", d, d),
                normOf(source, config),
                config.numHeads());
    }

    private static QkNorm normOf(ParameterSource source, Sana.Config config) {
        int d = config.hiddenSize();
        return config.qkNorm()
                ? new QkNorm(source.rmsNorm("q_norm", d, EPS), source.rmsNorm("k_norm", d, EPS))
                : QkNorm.NONE;
    }

    private static Tensor split(Tensor x, int heads) {
        return x.unflatten(2, heads, -1).transpose(1, 2); // [B, A, N, K]
    }

    /// Attends among the tokens of `[B, N, D]`.
    Tensor forward(Tensor x) {
        Tensor[] p = Ops.chunk(qkv.forward(x), 3, 2); // q, k, v: each [B, N, D]
        Tensor y =
                LinearAttention.attend(
                        split(norm.queries(p[0]), heads),
                        split(norm.keys(p[1]), heads),
                        split(p[2], heads)); // [B, A, N, K]
        return proj.forward(y.transpose(1, 2).flatten(2, 3));
    }

    /// The attention of the picture's tokens to the text, with softmax (NVlabs/Sana,
    /// `sana_blocks.py`, `MultiHeadCrossAttention`).
    ///
    /// @param q D to D, of the picture
    /// @param kv D to 2 D, ordered k, v, then head, of the text
    /// @param proj D to D
    /// @param norm of queries and keys, over the channels of all heads
    /// @param heads number of heads A
    record Cross(Linear q, Linear kv, Linear proj, QkNorm norm, int heads) {
        /// Builds it from `q_linear`, `kv_linear`, `proj` and, with QK-norm, `q_norm` and `k_norm`
        /// below `source`.
        static Cross of(ParameterSource source, Sana.Config config) {
            int d = config.hiddenSize();
            return new Cross(
                    source.linear("q_linear", d, d),
                    source.linear("kv_linear", d, 2L * d),
                    source.linear("proj", d, d, Init.zeros()),
                    normOf(source, config),
                    config.crossHeads());
        }

        /// Returns what the tokens of the text `[B, L, D]` are attended to by.
        KeysValues keysValues(Tensor text) {
            Tensor[] p = Ops.chunk(kv.forward(text), 2, 2); // k, v: each [B, L, D]
            return new KeysValues(split(norm.keys(p[0]), heads), split(p[1], heads));
        }

        /// Attends from `x` `[B, N, D]` to the text.
        ///
        /// @param text what [#keysValues] gave
        /// @param mask added to the scores, broadcast to `[B, A, N, L]`, or null
        Tensor forward(Tensor x, KeysValues text, @Nullable Tensor mask) {
            Tensor y =
                    SplitAttention.attend(
                            split(norm.queries(q.forward(x)), heads),
                            text.keys(),
                            text.values(),
                            mask); // [B, N, D]
            return proj.forward(y);
        }
    }
}
