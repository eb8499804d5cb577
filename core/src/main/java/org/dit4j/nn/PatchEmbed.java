package org.dit4j.nn;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Ops;

/// Turns latents into tokens: a convolution whose stride is its kernel, computed as one matrix
/// product.
///
/// @param weight `[D, C, P, P]`
/// @param bias `[D]`
public record PatchEmbed(Tensor weight, Tensor bias) {
    /// Builds it from `proj` below `source`.
    public static PatchEmbed of(ParameterSource source, long channels, long width, long patch) {
        ParameterSource proj = source.at("proj");
        return new PatchEmbed(
                proj.parameter("weight", Init.xavierUniform(), width, channels, patch, patch),
                proj.parameter("bias", Init.zeros(), width));
    }

    /// Embeds `[B, C, H, W]` into `[B, (H/P)(W/P), D]`.
    public Tensor forward(Tensor x) {
        return Ops.linear(Patches.patchify(x, weight.size(2)), weight.flatten(1, -1), bias);
    }
}
