package org.dit4j.autoencoder;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.autoencoder.CausalConv3d.Start;
import org.dit4j.nn.Conv2d;
import org.dit4j.nn.Init;
import org.dit4j.nn.ParameterSource;
import org.dit4j.tensor.AttentionKernel;
import org.dit4j.tensor.Convolutions;
import org.dit4j.tensor.Ops;
import org.jspecify.annotations.Nullable;

/// The layers of [AutoencoderWan] (diffusers `autoencoder_kl_wan.py`).
final class WanLayers {
    private WanLayers() {}

    /// Returns a causal convolution with a kernel of 3 x 3 x 3.
    static CausalConv3d conv(ParameterSource source, long in, long out) {
        return CausalConv3d.of(source, in, out, 3, 3, Start.ZEROS);
    }

    /// Returns a convolution of each place by itself.
    static VideoLayer pointwise(ParameterSource source, long in, long out) {
        CausalConv3d conv = CausalConv3d.of(source, in, out, 1, 1, Start.ZEROS);
        return (x, _) -> conv.pointwise(x);
    }

    /// Division of the channels of each place by their root mean square (`WanRMS_norm`).
    ///
    /// @param gamma `[C, 1, ...]`
    record Norm(Tensor gamma) {
        /// The smallest length of a vector that is divided by.
        private static final double EPS = 1e-12;

        /// @param axes behind the channels: 2 for pictures, 3 for videos
        static Norm of(ParameterSource source, long channels, int axes) {
            var shape = new long[axes + 1];
            java.util.Arrays.fill(shape, 1);
            shape[0] = channels;
            return new Norm(source.parameter("gamma", Init.ones(), shape));
        }

        Tensor forward(Tensor x) {
            Tensor length = Ops.clampMin(Ops.sum(x.square(), true, 1).sqrt(), EPS);
            return Ops.mul(x.div(length), Math.sqrt(x.size(1))).mul(gamma);
        }

        /// Returns the norm with SiLU behind it.
        VideoLayer withSilu() {
            return (x, _) -> Ops.silu(forward(x));
        }
    }

    /// Two causal convolutions, each behind norm and SiLU, beside a shortcut (`WanResidualBlock`).
    ///
    /// @param shortcut convolution of each place where the number of channels changes, else null
    record Residual(
            Norm norm1,
            CausalConv3d conv1,
            Norm norm2,
            CausalConv3d conv2,
            @Nullable VideoLayer shortcut)
            implements VideoLayer {
        static Residual of(ParameterSource source, long in, long out) {
            return new Residual(
                    Norm.of(source.at("norm1"), in, 3),
                    conv(source.at("conv1"), in, out),
                    Norm.of(source.at("norm2"), out, 3),
                    conv(source.at("conv2"), out, out),
                    in == out ? null : pointwise(source.at("conv_shortcut"), in, out));
        }

        @Override
        public Tensor forward(Tensor x, Chunk chunk) {
            Tensor h = conv1.forward(Ops.silu(norm1.forward(x)), chunk); // [B, out, F, H, W]
            h = conv2.forward(Ops.silu(norm2.forward(h)), chunk);
            return h.add(shortcut == null ? x : shortcut.forward(x, chunk));
        }
    }

    /// Self-attention among the places of each frame with one head, beside a shortcut
    /// (`WanAttentionBlock`).
    ///
    /// @param qkv C to 3 C, ordered q, k, v
    record Attention(Norm norm, Conv2d qkv, Conv2d proj) implements VideoLayer {
        static Attention of(ParameterSource source, long channels) {
            return new Attention(
                    Norm.of(source.at("norm"), channels, 2),
                    source.conv2d("to_qkv", channels, 3 * channels, 1),
                    source.conv2d("proj", channels, channels, 1));
        }

        @Override
        public Tensor forward(Tensor x, Chunk chunk) {
            return x.add(VideoLayer.eachFrame(x, this::attend));
        }

        private Tensor attend(Tensor x) {
            long c = x.size(1);
            Tensor places =
                    qkv.forward(norm.forward(x)).flatten(2, 3).transpose(1, 2); // [N, HW, 3C]
            Tensor[] p = Ops.chunk(places.unsqueeze(1), 3, 3); // each [N, 1, HW, C]
            Tensor y = AttentionKernel.attend(p[0], p[1], p[2], null, 1 / Math.sqrt(c));
            Tensor back = y.squeeze(1).transpose(1, 2); // [N, C, HW]
            return proj.forward(back.reshape(x.size(0), c, x.size(2), x.size(3)));
        }
    }

    /// Halves height and width, and the frames too if `time` is not null: of those only the first
    /// one of the video stays by itself (`WanResample`, `downsample2d` and `downsample3d`).
    ///
    /// @param conv 3x3 of stride 2, with zeros to the right and below only
    /// @param time kernel of three frames and stride 2
    record Downsample(Conv2d conv, @Nullable CausalConv3d time) implements VideoLayer {
        static Downsample of(ParameterSource source, long channels, boolean temporal) {
            return new Downsample(
                    source.conv2d("resample.1", channels, channels, 3, 2, 0, true),
                    temporal ? timeConv(source, channels, channels) : null);
        }

        @Override
        public Tensor forward(Tensor x, Chunk chunk) {
            Tensor small =
                    VideoLayer.eachFrame(x, frame -> conv.forward(Ops.pad(frame, 0, 1, 0, 1)));
            if (time == null) {
                return small;
            }
            Tensor known = chunk.cache().recall(this);
            Tensor seen = known == null ? small : Ops.cat(2, known, small);
            chunk.cache().remember(this, seen.narrow(2, seen.size(2) - 1, 1));
            return known == null
                    ? small
                    : Convolutions.conv3d(seen, time.weight(), time.bias(), 2); // [B, C, F/2, ..]
        }
    }

    /// Doubles height and width, and the frames too if `time` is not null: all but those of the
    /// first chunk (`WanResample`, `upsample2d` and `upsample3d`).
    ///
    /// @param time C to 2 C, of which each half becomes a frame
    record Upsample(Conv2d conv, @Nullable CausalConv3d time) implements VideoLayer {
        static Upsample of(ParameterSource source, long channels, long out, boolean temporal) {
            return new Upsample(
                    source.conv2d("resample.1", channels, out, 3),
                    temporal ? timeConv(source, channels, 2 * channels) : null);
        }

        @Override
        public Tensor forward(Tensor x, Chunk chunk) {
            Tensor h = time == null || chunk.first() ? x : doubled(time.forward(x, chunk));
            return VideoLayer.eachFrame(h, frame -> conv.forward(Ops.upsampleNearest2x(frame)));
        }

        private static Tensor doubled(Tensor y) {
            long c = y.size(1) / 2;
            long f = y.size(2);
            return y.reshape(y.size(0), 2, c, f, y.size(3), y.size(4))
                    .permute(0, 2, 3, 1, 4, 5)
                    .reshape(y.size(0), c, 2 * f, y.size(3), y.size(4));
        }
    }

    private static CausalConv3d timeConv(ParameterSource source, long in, long out) {
        return CausalConv3d.of(source.at("time_conv"), in, out, 3, 1, Start.ZEROS);
    }
}
