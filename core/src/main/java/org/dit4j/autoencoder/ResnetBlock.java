package org.dit4j.autoencoder;

import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.nn.Conv2d;
import org.dit4j.nn.ParameterSource;
import org.dit4j.tensor.Ops;
import org.jspecify.annotations.Nullable;

/// Two 3x3 convolutions, each behind norm and nonlinearity, beside a shortcut (diffusers
/// `resnet.py`, `ResnetBlock2D` without time).
///
/// @param body norm1, conv1, norm2, conv2
/// @param shortcut 1x1 convolution where the number of channels changes, else null
record ResnetBlock(List<Layer> body, @Nullable Conv2d shortcut) implements Layer {
    /// Builds it from `norm1`, `conv1`, `norm2`, `conv2` and `conv_shortcut` below `source`.
    static ResnetBlock of(ParameterSource source, int in, int out, AutoencoderKl.Config config) {
        List<Layer> body =
                List.of(
                        config.norm(source, "norm1", in),
                        source.conv2d("conv1", in, out, 3)::forward,
                        config.norm(source, "norm2", out),
                        source.conv2d("conv2", out, out, 3)::forward);
        return new ResnetBlock(body, in == out ? null : source.conv2d("conv_shortcut", in, out, 1));
    }

    @Override
    public Tensor forward(Tensor x) {
        Tensor h = Layer.chain(x, body); // [B, out, H, W]
        Tensor straight = shortcut == null ? x : shortcut.forward(x);
        return Ops.isGradEnabled() ? straight.add(h) : Ops.add_(h, straight);
    }
}
