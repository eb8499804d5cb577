package org.dit4j.nn;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Convolutions;
import org.dit4j.tensor.Ops;

/// The gated feed-forward part of Sana and of its autoencoder: a 1x1 convolution, SiLU, a 3x3
/// convolution of each channel by itself, of which one half gates the other through SiLU, and a 1x1
/// convolution (Xie et al. 2024, arXiv:2410.10629, section 2.2; NVlabs/Sana, `GLUMBConv`).
///
/// @param inverted D to 2 hidden
/// @param depthWeight `[2 hidden, 1, 3, 3]`
/// @param depthBias `[2 hidden]`
/// @param point hidden to D, without bias
public record MixFfn(Conv2d inverted, Tensor depthWeight, Tensor depthBias, Conv2d point) {
    /// What the three convolutions are called below the source.
    ///
    /// @param inverted the first
    /// @param depth the one of each channel
    /// @param point the last
    public record Names(String inverted, String depth, String point) {}

    /// Builds it from the three convolutions below `source`.
    public static MixFfn of(ParameterSource source, Names names, long width, long hidden) {
        ParameterSource depth = source.at(names.depth);
        return new MixFfn(
                source.conv2d(names.inverted, width, 2 * hidden, 1),
                depth.parameter("weight", Init.torchDefault(), 2 * hidden, 1, 3, 3),
                depth.parameter("bias", Init.uniform(1.0 / 3), 2 * hidden),
                source.conv2d(names.point, hidden, width, 1, 1, 0, false));
    }

    /// Applies it to `[B, D, H, W]`.
    public Tensor forward(Tensor x) {
        Tensor wide = Activation.SILU.consume(inverted.forward(x)); // [B, 2 hidden, H, W]
        Tensor mixed = Convolutions.grouped2d(wide, depthWeight, depthBias, depthWeight.size(0));
        Tensor[] halves = Ops.chunk(mixed, 2, 1); // values, gates
        return point.forward(halves[0].mul(Ops.silu(halves[1])));
    }
}
