package org.dit4j.model;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.nn.LayerNorm;
import org.dit4j.nn.Linear;
import org.dit4j.nn.Modulation;
import org.dit4j.nn.ParameterSource;
import org.dit4j.nn.QkNorm;
import org.dit4j.nn.Rotary;
import org.dit4j.tensor.AttentionKernel;
import org.dit4j.tensor.Ops;

/// A single block of [Flux]: text and picture are one sequence with the same weights, and attention
/// and MLP stand side by side (Dehghani et al. 2023, arXiv:2302.05442; black-forest-labs/flux,
/// `modules/layers.py`, `SingleStreamBlock`).
///
/// @param modulation shift, scale and gate
/// @param linear1 D to 3 D + 4 D: queries, keys and values, then what enters the MLP
/// @param linear2 D + 4 D to D: after the attention, and out of the MLP
/// @param norm of the queries and keys of each head
/// @param heads number of heads A
record FluxSingleBlock(
        Modulation modulation, Linear linear1, Linear linear2, QkNorm norm, int heads) {
    /// Builds it from the names of the original code.
    static FluxSingleBlock of(ParameterSource source, Flux.Config config) {
        int d = config.hiddenSize();
        long hidden = Flux.MLP_RATIO * d;
        return new FluxSingleBlock(
                FluxDoubleBlock.modulation(source.at("modulation"), d, 3),
                source.linear("linear1", d, 3L * d + hidden),
                source.linear("linear2", d + hidden, d),
                FluxDoubleBlock.norm(source.at("norm"), config),
                config.numHeads());
    }

    /// Applies the block.
    ///
    /// @param x tokens of text and picture `[B, L + N, D]`
    /// @param c conditioning `[B, D]`
    /// @param positions turns queries and keys, `[L + N, K]`
    Tensor forward(Tensor x, Tensor c, Rotary positions) {
        long d = x.size(2);
        Tensor[] m = modulation.forward(c); // shift, scale and gate, each [B, 1, D]
        Tensor normed = LayerNorm.plain(MmDitStream.EPS).forward(x); // [B, L + N, D]
        Tensor p = linear1.forward(Modulation.modulate(normed, m[0], m[1])); // [B, L + N, 7 D]
        Tensor attended = attend(p.narrow(2, 0, 3 * d), positions); // [B, L + N, D]
        Tensor mlp = Ops.geluTanh(p.narrow(2, 3 * d, p.size(2) - 3 * d)); // [B, L + N, 4 D]
        return x.addcmul(m[2], linear2.forward(Ops.cat(2, attended, mlp))); // [B, L + N, D]
    }

    private Tensor attend(Tensor qkv, Rotary positions) {
        long b = qkv.size(0);
        long n = qkv.size(1);
        long k = qkv.size(2) / 3 / heads;
        Tensor p = qkv.reshape(b, n, 3, heads, k).permute(2, 0, 3, 1, 4); // [3, B, A, N, K]
        Tensor query = positions.rotate(norm.queries(p.select(0, 0))); // [B, A, N, K]
        Tensor key = positions.rotate(norm.keys(p.select(0, 1))); // [B, A, N, K]
        Tensor y = AttentionKernel.attend(query, key, p.select(0, 2), null, 1 / Math.sqrt(k));
        return y.transpose(1, 2).flatten(2, 3); // [B, N, D]
    }
}
