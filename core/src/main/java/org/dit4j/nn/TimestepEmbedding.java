package org.dit4j.nn;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Tensors;

/// Embeds a timestep: 256 sinusoids, then linear, SiLU, linear (DiT, `models.py`,
/// `TimestepEmbedder`).
///
/// @param fc1 256 to D
/// @param fc2 D to D
/// @param shift subtracted from the 128 frequencies' divisor: 0 in the original code, 1 in
///   diffusers' DiT
public record TimestepEmbedding(Linear fc1, Linear fc2, int shift) {
    /// Number of sinusoids F.
    public static final int FREQUENCIES = 256;

    /// Builds it from `mlp.0` and `mlp.2` below `source`.
    public static TimestepEmbedding of(ParameterSource source, long width, int shift) {
        Init init = Init.normal(0.02);
        return new TimestepEmbedding(
                source.linear("mlp.0", FREQUENCIES, width, init),
                source.linear("mlp.2", width, width, init),
                shift);
    }

    /// Embeds `t` `[B]`, any number, on any device, into `[B, D]`.
    public Tensor forward(Tensor t) {
        Tensor f = Ops.like(sinusoids(t, FREQUENCIES, shift), fc1.weight());
        return fc2.forward(Ops.silu(fc1.forward(f)));
    }

    /// Returns `[B, F]` float32: cosines, then sines, of `t * 10000^(-i / (F/2 - shift))`.
    public static Tensor sinusoids(Tensor t, int count, int shift) {
        int half = count / 2;
        var frequencies = new float[half];
        for (int i = 0; i < half; i++) {
            // in float32, step by step, as torch computes it: large t amplifies the rounding
            float exponent = (float) -Math.log(10000) * i / (half - shift);
            frequencies[i] = (float) Math.exp(exponent);
        }
        Tensor f = Ops.on(Tensors.of(frequencies, 1, half), t);
        Tensor angles = Ops.to(t, Dtype.FLOAT32).unsqueeze(1).mul(f); // [B, F/2]
        return Ops.cat(1, angles.cos(), angles.sin());
    }
}
