package org.dit4j.autoencoder;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.nn.GroupNorm;
import org.dit4j.nn.Init;
import org.dit4j.nn.Linear;
import org.dit4j.nn.ParameterSource;
import org.dit4j.tensor.AttentionKernel;

/// Self-attention among the pixels with one head, beside a shortcut (diffusers
/// `attention_processor.py`, `Attention` as `UNetMidBlock2D` makes it).
record SpatialAttention(GroupNorm norm, Linear q, Linear k, Linear v, Linear out) implements Layer {
    /// Builds it from `group_norm`, `to_q`, `to_k`, `to_v` and `to_out.0` below `source`.
    static SpatialAttention of(ParameterSource source, int channels, int groups) {
        return new SpatialAttention(
                source.groupNorm("group_norm", groups, channels, 1e-6),
                linear(source.at("to_q"), channels),
                linear(source.at("to_k"), channels),
                linear(source.at("to_v"), channels),
                linear(source.at("to_out.0"), channels));
    }

    private static Linear linear(ParameterSource source, int channels) {
        return new Linear(
                source.parameter("weight", Init.torchDefault(), channels, channels),
                source.parameter("bias", Init.uniform(1 / Math.sqrt(channels)), channels));
    }

    @Override
    public Tensor forward(Tensor x) {
        long c = x.size(1);
        Tensor tokens = norm.forward(x).flatten(2, 3).transpose(1, 2).unsqueeze(1); // [B, 1, HW, C]
        Tensor y =
                AttentionKernel.attend(
                        q.forward(tokens),
                        k.forward(tokens),
                        v.forward(tokens),
                        null,
                        1 / Math.sqrt(c));
        Tensor back = out.forward(y).squeeze(1).transpose(1, 2); // [B, C, HW]
        return x.add(back.reshape(x.size(0), c, x.size(2), x.size(3)));
    }
}
