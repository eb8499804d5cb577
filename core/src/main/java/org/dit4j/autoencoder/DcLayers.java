package org.dit4j.autoencoder;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.nn.Activation;
import org.dit4j.nn.Conv2d;
import org.dit4j.nn.Init;
import org.dit4j.nn.Linear;
import org.dit4j.nn.LinearAttention;
import org.dit4j.nn.MixFfn;
import org.dit4j.nn.ParameterSource;
import org.dit4j.nn.RmsNorm;
import org.dit4j.tensor.Convolutions;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Spatial;
import org.dit4j.tensor.Tensors;
import org.dit4j.tensor.UpsampledConvolution;

/// The layers of [AutoencoderDc] (diffusers `autoencoder_dc.py`).
final class DcLayers {
    private static final double EPS = 1e-5;
    private static final MixFfn.Names FFN =
            new MixFfn.Names("conv_inverted", "conv_depth", "conv_point");

    private DcLayers() {}

    /// Returns the norm `type` with weight and bias.
    static Layer normOf(ParameterSource source, DcStage.Norm type, long channels) {
        Tensor weight = source.parameter("weight", Init.ones(), channels);
        Tensor bias = source.parameter("bias", Init.zeros(), channels);
        return switch (type) {
            case RMS -> {
                var rms = new RmsNorm(weight, EPS);
                yield x -> eachPixel(x, pixel -> rms.forward(pixel).add(bias));
            }
            case BATCH -> batchNorm(source, weight, bias);
        };
    }

    /// Normalises by the statistics of the training, which are never changed here.
    private static Layer batchNorm(ParameterSource source, Tensor weight, Tensor bias) {
        long channels = weight.size(0);
        Tensor mean =
                source.buffer(
                        "running_mean", () -> Tensors.zeros(Dtype.FLOAT32, channels), channels);
        Tensor variance =
                source.buffer(
                        "running_var", () -> Tensors.full(1, Dtype.FLOAT32, channels), channels);
        source.buffer("num_batches_tracked", () -> Tensors.zeros(Dtype.INT64), new long[0]);
        return x -> Spatial.batchNorm(x, weight, bias, mean, variance, EPS);
    }

    /// Applies `body`, which maps the last axis, to the channels of `[B, C, H, W]`.
    private static Tensor eachPixel(Tensor x, Layer body) {
        return body.forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2);
    }

    /// Two convolutions and a norm beside a shortcut (`ResBlock`).
    record Residual(Conv2d conv1, Activation activation, Conv2d conv2, Layer norm)
            implements Layer {
        static Residual of(ParameterSource source, DcStage stage) {
            int c = stage.width();
            return new Residual(
                    source.conv2d("conv1", c, c, 3),
                    stage.activation(),
                    source.conv2d("conv2", c, c, 3, 1, 1, false),
                    normOf(source.at("norm"), stage.norm(), c));
        }

        @Override
        public Tensor forward(Tensor x) {
            Tensor h = conv2.forward(activation.consume(conv1.forward(x))); // [B, C, H, W]
            return norm.forward(h).add(x);
        }
    }

    /// Linear attention among the pixels, then a gated convolution, each beside a shortcut
    /// (`EfficientViTBlock`; Cai et al. 2023, arXiv:2205.14756).
    record VitBlock(MultiscaleAttention attention, MixFfn ffn, Layer norm) implements Layer {
        /// Width of the feed-forward part over that of the block.
        private static final int RATIO = 4;

        static VitBlock of(ParameterSource source, DcStage stage) {
            ParameterSource out = source.at("conv_out");
            int c = stage.width();
            return new VitBlock(
                    MultiscaleAttention.of(source.at("attn"), stage),
                    MixFfn.of(out, FFN, c, (long) RATIO * c),
                    normOf(out.at("norm"), DcStage.Norm.RMS, c));
        }

        @Override
        public Tensor forward(Tensor x) {
            Tensor h = x.add(attention.forward(x)); // [B, C, H, W]
            return h.add(norm.forward(ffn.forward(h)));
        }
    }

    /// Linear attention with heads for the pixels and for their neighbourhoods of several sizes
    /// (diffusers `attention_processor.py`, `SanaMultiscaleLinearAttention`).
    ///
    /// For few pixels the original multiplies queries and keys first, which gives the same.
    ///
    /// @param qkv C to queries, keys and values of all heads
    /// @param scales for each size of the neighbourhood
    /// @param out all heads of all scales to C
    /// @param headWidth channels of a head K
    record MultiscaleAttention(
            List<Linear> qkv, List<Scale> scales, Linear out, Layer norm, int headWidth)
            implements Layer {
        /// @param around sums over the neighbourhood in each channel
        /// @param within mixes the channels of each third of a head
        record Scale(Tensor around, Tensor within) {
            static Scale of(ParameterSource source, long channels, long groups, long size) {
                Init init = Init.torchDefault();
                return new Scale(
                        source.at("proj_in").parameter("weight", init, channels, 1, size, size),
                        source.at("proj_out")
                                .parameter("weight", init, channels, channels / groups, 1, 1));
            }

            Tensor forward(Tensor x) {
                long channels = x.size(1);
                Tensor sums = Convolutions.grouped2d(x, around, null, channels);
                return Convolutions.grouped2d(sums, within, null, channels / within.size(1));
            }
        }

        static MultiscaleAttention of(ParameterSource source, DcStage stage) {
            int c = stage.width();
            int heads = c / stage.headWidth();
            long inner = (long) heads * stage.headWidth();
            var qkv = new ArrayList<Linear>();
            for (String name : List.of("to_q", "to_k", "to_v")) {
                qkv.add(source.linearWithoutBias(name, c, inner));
            }
            var scales = new ArrayList<Scale>();
            for (int size : stage.scales()) {
                ParameterSource scale = source.at("to_qkv_multiscale." + scales.size());
                scales.add(Scale.of(scale, 3 * inner, 3L * heads, size));
            }
            return new MultiscaleAttention(
                    List.copyOf(qkv),
                    List.copyOf(scales),
                    source.linearWithoutBias("to_out", inner * (1 + scales.size()), c),
                    normOf(source.at("norm_out"), stage.norm(), c),
                    stage.headWidth());
        }

        @Override
        public Tensor forward(Tensor x) {
            long h = x.size(2);
            long w = x.size(3);
            Tensor[] heads = Ops.chunk(heads(x), 3, 3); // q, k, v: each [B, A, HW, K]
            Tensor found = LinearAttention.attend(heads[0], heads[1], heads[2]);
            Tensor joined = found.transpose(1, 2).reshape(x.size(0), h, w, -1); // [B, H, W, A K]
            return norm.forward(out.forward(joined).permute(0, 3, 1, 2)); // [B, C, H, W]
        }

        /// Returns `[B, A, HW, 3 K]`; every 3 K channels in a row are a head, whatever they were
        /// before.
        private Tensor heads(Tensor x) {
            Tensor pixels = x.permute(0, 2, 3, 1); // [B, H, W, C]
            Tensor own =
                    Ops.cat(3, qkv.stream().map(l -> l.forward(pixels)).toArray(Tensor[]::new))
                            .permute(0, 3, 1, 2); // [B, 3 inner, H, W]
            var all = new ArrayList<Tensor>(List.of(own));
            scales.forEach(scale -> all.add(scale.forward(own)));
            return Ops.cat(1, all.toArray(Tensor[]::new))
                    .reshape(x.size(0), -1, 3L * headWidth, x.size(2) * x.size(3))
                    .transpose(2, 3);
        }
    }

    /// Halves height and width; what the convolution does comes on top of the pixels as channels,
    /// averaged to the new width (`DCDownBlock2d`; Chen et al. 2024, arXiv:2410.10733, section
    /// 3.2).
    ///
    /// @param out channels of the result
    /// @param shuffles whether the convolution keeps the size and its pixels become channels
    /// @param shortcut whether the averages are added
    record Down(Conv2d conv, int out, boolean shuffles, boolean shortcut) implements Layer {
        static Down of(
                ParameterSource source, int in, int out, boolean shuffles, boolean shortcut) {
            Conv2d conv =
                    shuffles
                            ? source.conv2d("conv", in, out / 4, 3)
                            : source.conv2d("conv", in, out, 3, 2, 1, true);
            return new Down(conv, out, shuffles, shortcut);
        }

        @Override
        public Tensor forward(Tensor x) {
            Tensor h = conv.forward(x);
            h = shuffles ? Spatial.pixelUnshuffle(h, 2) : h; // [B, out, H/2, W/2]
            return shortcut ? h.add(averaged(Spatial.pixelUnshuffle(x, 2), out)) : h;
        }
    }

    /// Doubles height and width; what the convolution does comes on top of the channels as pixels,
    /// repeated where there are too few (`DCUpBlock2d`).
    ///
    /// @param out channels of the result
    /// @param shuffles whether channels behind the convolution become pixels; else the pixels are
    ///   repeated before it
    /// @param shortcut whether the repeated ones are added
    record Up(Conv2d conv, int out, boolean shuffles, boolean shortcut) implements Layer {
        static Up of(ParameterSource source, int in, int out, boolean shuffles, boolean shortcut) {
            return new Up(
                    source.conv2d("conv", in, shuffles ? 4L * out : out, 3),
                    out,
                    shuffles,
                    shortcut);
        }

        @Override
        public Tensor forward(Tensor x) {
            Tensor h =
                    shuffles
                            ? Spatial.pixelShuffle(conv.forward(x), 2)
                            : UpsampledConvolution.forward(
                                    x, conv.weight(), conv.bias()); // [B, out, 2 H, 2 W]
            return shortcut ? h.add(Spatial.pixelShuffle(repeated(x, 4L * out), 2)) : h;
        }
    }

    /// Returns `[B, out, H, W]`: averages of neighbouring channels of `x` `[B, C, H, W]`.
    static Tensor averaged(Tensor x, long out) {
        return x.reshape(x.size(0), out, -1, x.size(2), x.size(3)).mean(2);
    }

    /// Returns `[B, out, H, W]`: each channel of `x` `[B, C, H, W]` several times.
    static Tensor repeated(Tensor x, long out) {
        long times = out / x.size(1);
        return x.unsqueeze(2)
                .expand(x.size(0), x.size(1), times, x.size(2), x.size(3))
                .flatten(1, 2);
    }
}
