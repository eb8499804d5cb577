package org.dit4j.nn;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.AttentionKernel;
import org.jspecify.annotations.Nullable;

/// Multi-head attention with separate projections of queries, keys and values.
///
/// @param q D to D, of the tokens
/// @param k width of the tokens that are attended to, to D
/// @param v the same for the values
/// @param out D to D
/// @param norm of queries and keys
/// @param normed what it normalises
/// @param heads number of heads A
public record SplitAttention(
        Linear q, Linear k, Linear v, Linear out, QkNorm norm, Normed normed, int heads) {
    /// What queries and keys are normalised over.
    public enum Normed {
        /// The channels of each head by itself.
        EACH_HEAD,
        /// All D channels, before they are cut into heads.
        ALL_HEADS
    }

    /// Builds it from `to_q`, `to_k`, `to_v` and `to_out.0` below `source`, as diffusers'
    /// `Attention` names them.
    ///
    /// @param width D
    /// @param bias whether the first three have biases
    /// @param norm of the queries and keys of each head
    public static SplitAttention of(
            ParameterSource source, int width, int heads, boolean bias, QkNorm norm) {
        return new SplitAttention(
                projection(source, "to_q", width, bias),
                projection(source, "to_k", width, bias),
                projection(source, "to_v", width, bias),
                source.linear("to_out.0", width, width),
                norm,
                Normed.EACH_HEAD,
                heads);
    }

    private static Linear projection(ParameterSource source, String name, int width, boolean bias) {
        return bias
                ? source.linear(name, width, width)
                : source.linearWithoutBias(name, width, width);
    }

    /// Returns the queries `[B, A, N, K]` of tokens `[B, N, D]`.
    public Tensor queries(Tensor x) {
        Tensor y = q.forward(x);
        return normed == Normed.ALL_HEADS ? split(norm.queries(y)) : norm.queries(split(y));
    }

    /// Returns the keys `[B, A, L, K]` of tokens `[B, L, E]`.
    public Tensor keys(Tensor x) {
        Tensor y = k.forward(x);
        return normed == Normed.ALL_HEADS ? split(norm.keys(y)) : norm.keys(split(y));
    }

    /// Returns the values `[B, A, L, K]` of tokens `[B, L, E]`.
    public Tensor values(Tensor x) {
        return split(v.forward(x));
    }

    /// Returns what the tokens `[B, L, E]` are attended to by.
    public KeysValues keysValues(Tensor x) {
        return new KeysValues(keys(x), values(x));
    }

    /// Cuts `[B, N, D]` into heads `[B, A, N, K]`.
    public Tensor split(Tensor x) {
        return x.reshape(x.size(0), x.size(1), heads, x.size(2) / heads).transpose(1, 2);
    }

    /// Lets every head of keys or values serve its share of the queries (Ainslie et al. 2023,
    /// arXiv:2305.13245).
    ///
    /// @param x `[B, A', N, K]`, A' a divisor of A
    /// @param heads of the queries, A
    /// @return `[B, A, N, K]`
    public static Tensor shared(Tensor x, long heads) {
        long times = heads / x.size(1);
        return times == 1 ? x : x.unsqueeze(2).expand(-1, -1, times, -1, -1).flatten(1, 2);
    }

    /// Returns what the queries find, `[B, N, D]`, before `out`.
    ///
    /// @param query `[B, A, N, K]`
    /// @param key `[B, A, L, K]`
    /// @param value `[B, A, L, K]`
    /// @param mask added to the scores, broadcast to `[B, A, N, L]`, or null
    public static Tensor attend(Tensor query, Tensor key, Tensor value, @Nullable Tensor mask) {
        Tensor y = AttentionKernel.attend(query, key, value, mask, 1 / Math.sqrt(query.size(3)));
        return y.transpose(1, 2).flatten(2, 3);
    }

    /// Attends among the tokens of `[B, N, D]`.
    ///
    /// @param positions turns queries and keys after their norms, or null
    public Tensor forward(Tensor x, @Nullable Rotary positions) {
        Tensor query = queries(x);
        Tensor key = keys(x);
        if (positions != null) {
            query = positions.rotate(query);
            key = positions.rotate(key);
        }
        return out.forward(attend(query, key, values(x), null));
    }

    /// Attends from `x` `[B, N, D]` to other tokens.
    ///
    /// @param mask added to the scores, broadcast to `[B, A, N, L]`, or null
    public Tensor forward(Tensor x, KeysValues given, @Nullable Tensor mask) {
        return out.forward(attend(queries(x), given.keys(), given.values(), mask));
    }
}
