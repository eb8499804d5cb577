package org.dit4j.autoencoder;

import java.util.ArrayList;
import java.util.List;
import org.dit4j.nn.Conv2d;
import org.dit4j.nn.ParameterSource;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.UpsampledConvolution;

/// The encoder and the decoder of [AutoencoderKl] as lists of layers (diffusers `vae.py`, `Encoder`
/// and `Decoder`; `unet_2d_blocks.py`).
final class KlStages {
    private KlStages() {}

    /// Pictures to moments `[B, 2 C, h, w]`, before `quant_conv`.
    static List<Layer> encoder(ParameterSource source, AutoencoderKl.Config config) {
        List<Integer> widths = config.blockOutChannels();
        int last = widths.size() - 1;
        var layers = new ArrayList<Layer>();
        layers.add(source.conv2d("conv_in", config.inChannels(), widths.getFirst(), 3)::forward);
        int in = widths.getFirst();
        for (int i = 0; i <= last; i++) {
            ParameterSource block = source.at("down_blocks." + i);
            int out = widths.get(i);
            resnets(
                    layers,
                    block,
                    in,
                    out,
                    config.layersPerBlock(),
                    config.downBlocks().get(i),
                    config);
            if (i < last) {
                layers.add(downsample(block.at("downsamplers.0"), out));
            }
            in = out;
        }
        middle(layers, source.at("mid_block"), in, config);
        layers.add(config.norm(source, "conv_norm_out", in, true));
        layers.add(source.conv2d("conv_out", in, 2L * config.latentChannels(), 3)::forward);
        return List.copyOf(layers);
    }

    /// Latents `[B, C, h, w]`, behind `post_quant_conv`, to pictures.
    static List<Layer> decoder(ParameterSource source, AutoencoderKl.Config config) {
        List<Integer> widths = config.blockOutChannels().reversed();
        int last = widths.size() - 1;
        var layers = new ArrayList<Layer>();
        int in = widths.getFirst();
        layers.add(source.conv2d("conv_in", config.latentChannels(), in, 3)::forward);
        middle(layers, source.at("mid_block"), in, config);
        for (int i = 0; i <= last; i++) {
            ParameterSource block = source.at("up_blocks." + i);
            int out = widths.get(i);
            resnets(
                    layers,
                    block,
                    in,
                    out,
                    config.layersPerBlock() + 1,
                    config.upBlocks().get(i),
                    config);
            if (i < last) {
                layers.add(upsample(block.at("upsamplers.0"), out));
            }
            in = out;
        }
        layers.add(config.norm(source, "conv_norm_out", in, true));
        layers.add(source.conv2d("conv_out", in, config.outChannels(), 3)::forward);
        return List.copyOf(layers);
    }

    private static void resnets(
            List<Layer> layers,
            ParameterSource block,
            int in,
            int out,
            int count,
            AutoencoderKl.BlockType type,
            AutoencoderKl.Config config) {
        for (int j = 0; j < count; j++) {
            layers.add(ResnetBlock.of(block.at("resnets." + j), j == 0 ? in : out, out, config));
            if (type == AutoencoderKl.BlockType.ATTENTION) {
                layers.add(
                        SpatialAttention.of(
                                block.at("attentions." + j), out, config.normNumGroups()));
            }
        }
    }

    private static void middle(
            List<Layer> layers, ParameterSource source, int width, AutoencoderKl.Config config) {
        layers.add(ResnetBlock.of(source.at("resnets.0"), width, width, config));
        if (config.midBlockAddAttention()) {
            layers.add(
                    SpatialAttention.of(source.at("attentions.0"), width, config.normNumGroups()));
        }
        layers.add(ResnetBlock.of(source.at("resnets.1"), width, width, config));
    }

    /// Halves height and width: a 3x3 convolution of stride 2 with zeros to the right and below
    /// only.
    private static Layer downsample(ParameterSource source, int width) {
        Conv2d conv = source.conv2d("conv", width, width, 3, 2, 0, true);
        return x -> conv.forward(Ops.pad(x, 0, 1, 0, 1));
    }

    /// Doubles height and width by repeating pixels, then a 3x3 convolution.
    private static Layer upsample(ParameterSource source, int width) {
        Conv2d conv = source.conv2d("conv", width, width, 3);
        return x -> UpsampledConvolution.forward(x, conv.weight(), conv.bias());
    }
}
