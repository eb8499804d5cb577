package org.dit4j.autoencoder;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.nn.Init;
import org.dit4j.nn.ParameterSource;
import org.dit4j.tensor.Convolutions;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Tensors;

/// A convolution of videos that sees no later frames (diffusers `autoencoder_kl_wan.py`,
/// `WanCausalConv3d`; `autoencoder_kl_cogvideox.py`, `CogVideoXCausalConv3d`). Frames, height and
/// width stay.
///
/// @param weight `[out, in, kf, k, k]`
/// @param bias `[out]`
/// @param start what stands before the first frame
record CausalConv3d(Tensor weight, Tensor bias, Start start) implements VideoLayer {
    /// What stands before the first frame.
    enum Start {
        /// Zeros.
        ZEROS,
        /// The first frame again.
        REPEATED
    }

    /// Builds it from `weight` and `bias` below `source`, with PyTorch's default start.
    ///
    /// @param frames length of the kernel in time
    /// @param side height and width of the kernel, odd
    static CausalConv3d of(
            ParameterSource source, long in, long out, long frames, long side, Start start) {
        double bound = 1 / Math.sqrt((double) in * frames * side * side);
        return new CausalConv3d(
                source.parameter("weight", Init.torchDefault(), out, in, frames, side, side),
                source.parameter("bias", Init.uniform(bound), out),
                start);
    }

    @Override
    public Tensor forward(Tensor x, Chunk chunk) {
        long before = weight.size(2) - 1;
        if (before == 0) {
            return pointwise(x);
        }
        Tensor known = chunk.cache().recall(this);
        Tensor seen = Ops.cat(2, known == null ? begin(x, before) : known, x); // [B, C, kf-1+F, ..]
        chunk.cache().remember(this, seen.narrow(2, seen.size(2) - before, before));
        return Convolutions.conv3d(seen, weight, bias, 1);
    }

    /// Applies a kernel of one frame, which remembers nothing.
    Tensor pointwise(Tensor x) {
        return Convolutions.conv3d(x, weight, bias, 1);
    }

    private Tensor begin(Tensor x, long n) {
        Tensor frame = x.narrow(2, 0, 1);
        return switch (start) {
            case ZEROS ->
                    Ops.like(
                            Tensors.zeros(
                                    Dtype.of(x), x.size(0), x.size(1), n, x.size(3), x.size(4)),
                            x);
            case REPEATED -> frame.expand(x.size(0), x.size(1), n, x.size(3), x.size(4));
        };
    }
}
