package org.dit4j.text;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Tensors;

/// Rotary positions (Su et al. 2021, arXiv:2104.09864) of language models: channel i of a head
/// turns together with channel i + K/2. Angles are rounded to float32 as in transformers
/// (`modeling_llama.py`).
///
/// @param cos `[N, K]` float32
/// @param sin `[N, K]` float32
record HalfRotary(Tensor cos, Tensor sin) {
    /// Returns the tables of positions 0 to `tokens - 1`, on the device of `like`.
    ///
    /// @param width channels of a head K, even
    static HalfRotary of(int tokens, int width, RotaryFrequencies rotary, Tensor like) {
        var cos = new float[tokens * width];
        var sin = new float[tokens * width];
        for (int i = 0; i < width / 2; i++) {
            float frequency = rotary.frequency(i, width);
            for (int n = 0; n < tokens; n++) {
                float angle = n * frequency;
                int at = n * width + i;
                cos[at] = cos[at + width / 2] = (float) Math.cos(angle);
                sin[at] = sin[at + width / 2] = (float) Math.sin(angle);
            }
        }
        Tensor c = Tensors.of(cos, tokens, width);
        Tensor s = Tensors.of(sin, tokens, width);
        return new HalfRotary(
                c.to(like.device(), c.scalar_type()), s.to(like.device(), s.scalar_type()));
    }

    /// Turns heads `[B, A, N, K]`, at least in float32; the result has the type of `x`.
    Tensor rotate(Tensor x) {
        Tensor[] halves = Ops.chunk(x, 2, -1);
        Tensor turned = Ops.cat(-1, halves[1].neg(), halves[0]); // [B, A, N, K]
        return Ops.like(x.mul(cos).add(turned.mul(sin)), x);
    }
}
