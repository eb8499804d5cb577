package org.dit4j.nn;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Tensors;

/// Rotary positions (Su et al. 2021, arXiv:2104.09864) of language models: channel i of the K that
/// turn does so together with channel i + K/2. Angles are rounded to float32 as in transformers
/// (`modeling_llama.py`) and in diffusers (`embeddings.py`, `get_1d_rotary_pos_embed`).
///
/// @param cos `[N, K]` float32
/// @param sin `[N, K]` float32
public record HalfRotary(Tensor cos, Tensor sin) {
    /// How far a pair of channels turns from one token to the next.
    @FunctionalInterface
    public interface Frequency {
        /// Returns the angle of a token of pair `i`.
        float of(int i);
    }

    /// Returns the tables of positions 0 to `tokens - 1`, on the device of `like`.
    ///
    /// @param width channels K that turn, even
    public static HalfRotary of(int tokens, int width, Frequency frequency, Tensor like) {
        var cos = new float[tokens * width];
        var sin = new float[tokens * width];
        for (int i = 0; i < width / 2; i++) {
            float step = frequency.of(i);
            for (int n = 0; n < tokens; n++) {
                float angle = n * step;
                int at = n * width + i;
                cos[at] = cos[at + width / 2] = (float) Math.cos(angle);
                sin[at] = sin[at + width / 2] = (float) Math.sin(angle);
            }
        }
        return new HalfRotary(
                Ops.on(Tensors.of(cos, tokens, width), like),
                Ops.on(Tensors.of(sin, tokens, width), like));
    }

    /// Turns the first K channels of heads `[B, A, N, K or more]`, at least in float32; the others
    /// stay. The result has the type of `x`.
    public Tensor rotate(Tensor x) {
        long width = cos.size(-1);
        long others = x.size(3) - width;
        Tensor turning = others == 0 ? x : x.narrow(3, 0, width); // [B, A, N, K]
        Tensor[] halves = Ops.chunk(turning, 2, -1);
        Tensor turned = Ops.cat(-1, halves[1].neg(), halves[0]); // [B, A, N, K]
        Tensor y = Ops.like(turning.mul(cos).add(turned.mul(sin)), x);
        return others == 0 ? y : Ops.cat(3, y, x.narrow(3, width, others));
    }
}
