package org.dit4j.autoencoder;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.autoencoder.CausalConv3d.Start;
import org.dit4j.nn.Activation;
import org.dit4j.nn.Conv2d;
import org.dit4j.nn.GroupNorm;
import org.dit4j.nn.ParameterSource;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Spatial;
import org.jspecify.annotations.Nullable;

/// The layers of [AutoencoderCogVideoX] (diffusers `autoencoder_kl_cogvideox.py`,
/// `downsampling.py`, `upsampling.py`).
///
/// Where frames are halved, doubled or matched with latents, the first frame of a chunk of odd
/// length, which begins the video, stays by itself.
final class CogVideoXLayers {
    private CogVideoXLayers() {}

    /// Returns a causal convolution with a kernel of 3 x 3 x 3.
    static CausalConv3d conv(ParameterSource source, long in, long out) {
        return CausalConv3d.of(source.at("conv"), in, out, 3, 3, Start.REPEATED);
    }

    private static boolean hasSingleFirst(Tensor x) {
        return x.size(2) > 1 && x.size(2) % 2 == 1;
    }

    private static Tensor first(Tensor x) {
        return x.narrow(2, 0, 1);
    }

    private static Tensor rest(Tensor x) {
        return x.narrow(2, 1, x.size(2) - 1);
    }

    /// Group norm whose scale and shift follow from the latents at the same place
    /// (`CogVideoXSpatialNorm3D`; Zheng et al. 2022, arXiv:2209.09002).
    ///
    /// @param scale of the latents
    /// @param shift of the latents
    record LatentNorm(GroupNorm norm, CausalConv3d scale, CausalConv3d shift)
            implements VideoLayer {
        static LatentNorm of(ParameterSource source, long channels, long latents, long groups) {
            return new LatentNorm(
                    source.groupNorm("norm_layer", groups, channels, 1e-6),
                    pointwise(source.at("conv_y.conv"), latents, channels),
                    pointwise(source.at("conv_b.conv"), latents, channels));
        }

        @Override
        public Tensor forward(Tensor x, Chunk chunk) {
            Tensor z = matched(chunk.input(), x); // [B, C, F, H, W]
            return norm.forward(x).mul(scale.pointwise(z)).add(shift.pointwise(z));
        }

        private static Tensor matched(Tensor z, Tensor x) {
            if (!hasSingleFirst(x)) {
                return Spatial.nearest3d(z, x.size(2), x.size(3), x.size(4));
            }
            return Ops.cat(
                    2,
                    Spatial.nearest3d(first(z), 1, x.size(3), x.size(4)),
                    Spatial.nearest3d(rest(z), x.size(2) - 1, x.size(3), x.size(4)));
        }
    }

    static CausalConv3d pointwise(ParameterSource source, long in, long out) {
        return CausalConv3d.of(source, in, out, 1, 1, Start.REPEATED);
    }

    /// Two causal convolutions, each behind norm and nonlinearity, beside a shortcut
    /// (`CogVideoXResnetBlock3D`).
    ///
    /// @param shortcut convolution of each place where the number of channels changes, else null
    record Residual(
            VideoLayer norm1,
            CausalConv3d conv1,
            VideoLayer norm2,
            CausalConv3d conv2,
            Activation activation,
            @Nullable CausalConv3d shortcut)
            implements VideoLayer {
        /// @param decoding whether the norms follow from the latents
        static Residual of(
                ParameterSource source,
                int in,
                int out,
                boolean decoding,
                AutoencoderCogVideoX.Config config) {
            return new Residual(
                    norm(source, "norm1", in, decoding, config),
                    conv(source.at("conv1"), in, out),
                    norm(source, "norm2", out, decoding, config),
                    conv(source.at("conv2"), out, out),
                    config.activation(),
                    in == out ? null : pointwise(source.at("conv_shortcut"), in, out));
        }

        private static VideoLayer norm(
                ParameterSource source,
                String name,
                int channels,
                boolean decoding,
                AutoencoderCogVideoX.Config config) {
            int groups = config.normNumGroups();
            if (decoding) {
                return LatentNorm.of(source.at(name), channels, config.latentChannels(), groups);
            }
            GroupNorm norm = source.groupNorm(name, groups, channels, config.normEps());
            return (x, _) -> norm.forward(x);
        }

        @Override
        public Tensor forward(Tensor x, Chunk chunk) {
            Tensor h = activation.consume(norm1.forward(x, chunk));
            h = conv1.forward(h, chunk); // [B, out, F, H, W]
            h = conv2.forward(activation.consume(norm2.forward(h, chunk)), chunk);
            return h.add(shortcut == null ? x : shortcut.pointwise(x));
        }
    }

    /// Halves height and width by a 3x3 convolution of stride 2 with zeros to the right and below
    /// only, and before that, if `temporal`, the frames by averages of two
    /// (`CogVideoXDownsample3D`).
    record Downsample(Conv2d conv, boolean temporal) implements VideoLayer {
        static Downsample of(ParameterSource source, long channels, boolean temporal) {
            return new Downsample(
                    source.conv2d("conv", channels, channels, 3, 2, 0, true), temporal);
        }

        @Override
        public Tensor forward(Tensor x, Chunk chunk) {
            Tensor fewer = temporal ? halved(x) : x;
            return VideoLayer.eachFrame(fewer, frame -> conv.forward(Ops.pad(frame, 0, 1, 0, 1)));
        }

        private static Tensor halved(Tensor x) {
            if (x.size(2) == 1) {
                return x;
            }
            return hasSingleFirst(x) ? Ops.cat(2, first(x), averaged(rest(x))) : averaged(x);
        }

        private static Tensor averaged(Tensor x) {
            return x.unflatten(2, new long[] {x.size(2) / 2, 2}).mean(3);
        }
    }

    /// Doubles height and width by repeating, and, if `temporal`, the frames too, then convolves
    /// each frame (`CogVideoXUpsample3D`). A video of one frame keeps it.
    record Upsample(Conv2d conv, boolean temporal) implements VideoLayer {
        static Upsample of(ParameterSource source, long channels, boolean temporal) {
            return new Upsample(source.conv2d("conv", channels, channels, 3), temporal);
        }

        @Override
        public Tensor forward(Tensor x, Chunk chunk) {
            Tensor more = temporal && x.size(2) > 1 ? doubled(x) : x;
            return VideoLayer.eachFrame(more, frame -> conv.forward(Ops.upsampleNearest2x(frame)));
        }

        private static Tensor doubled(Tensor x) {
            return hasSingleFirst(x) ? Ops.cat(2, first(x), twice(rest(x))) : twice(x);
        }

        private static Tensor twice(Tensor x) {
            return Spatial.nearest3d(x, 2 * x.size(2), x.size(3), x.size(4));
        }
    }
}
