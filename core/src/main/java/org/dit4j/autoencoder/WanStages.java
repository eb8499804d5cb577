package org.dit4j.autoencoder;

import java.util.ArrayList;
import java.util.List;
import org.dit4j.nn.ParameterSource;

/// The encoder and the decoder of [AutoencoderWan] as lists of layers (diffusers
/// `autoencoder_kl_wan.py`, `WanEncoder3d` and `WanDecoder3d`), together with the convolutions
/// between them and the latents.
final class WanStages {
    private WanStages() {}

    /// Videos to moments `[B, 2 C, f, h, w]`.
    static List<VideoLayer> encoder(ParameterSource root, AutoencoderWan.Config config) {
        ParameterSource source = root.at("encoder");
        var layers = new ArrayList<VideoLayer>();
        int width = config.baseDim();
        layers.add(WanLayers.conv(source.at("conv_in"), config.inChannels(), width));
        ParameterSource blocks = source.at("down_blocks");
        int last = config.dimMult().size() - 1;
        for (int i = 0; i <= last; i++) {
            int out = config.baseDim() * config.dimMult().get(i);
            boolean temporal = i < last && config.temporalDownsample().get(i);
            if (config.isResidual()) {
                layers.add(down(blocks.at("" + i), width, out, temporal, i < last, config));
            } else {
                plainDown(layers, blocks, width, out, i, config);
            }
            width = out;
        }
        middle(layers, source.at("mid_block"), width);
        layers.add(WanLayers.Norm.of(source.at("norm_out"), width, 3).withSilu());
        long moments = 2L * config.zDim();
        layers.add(WanLayers.conv(source.at("conv_out"), width, moments));
        layers.add(WanLayers.pointwise(root.at("quant_conv"), moments, moments));
        return List.copyOf(layers);
    }

    /// The stages of Wan 2.1 number their layers through; the first stays the convolution before
    /// them.
    private static void plainDown(
            List<VideoLayer> layers,
            ParameterSource blocks,
            int in,
            int out,
            int stage,
            AutoencoderWan.Config config) {
        for (int j = 0; j < config.numResBlocks(); j++) {
            layers.add(WanLayers.Residual.of(next(blocks, layers), j == 0 ? in : out, out));
            if (config.attnScales().contains(Math.scalb(1.0, -stage))) {
                layers.add(WanLayers.Attention.of(next(blocks, layers), out));
            }
        }
        if (stage < config.dimMult().size() - 1) {
            boolean temporal = config.temporalDownsample().get(stage);
            layers.add(WanLayers.Downsample.of(next(blocks, layers), out, temporal));
        }
    }

    private static ParameterSource next(ParameterSource blocks, List<VideoLayer> layers) {
        return blocks.at("" + (layers.size() - 1));
    }

    private static VideoLayer down(
            ParameterSource block,
            int in,
            int out,
            boolean temporal,
            boolean spatial,
            AutoencoderWan.Config config) {
        var body = new ArrayList<VideoLayer>();
        residuals(body, block, in, out, config.numResBlocks());
        if (spatial) {
            body.add(WanLayers.Downsample.of(block.at("downsampler"), out, temporal));
        }
        return new WanShortcuts.Down(List.copyOf(body), out, temporal ? 2 : 1, spatial ? 2 : 1);
    }

    /// Latents `[B, C, f, h, w]` to videos.
    static List<VideoLayer> decoder(ParameterSource root, AutoencoderWan.Config config) {
        ParameterSource source = root.at("decoder");
        var layers = new ArrayList<VideoLayer>();
        List<Integer> multiples = config.dimMult().reversed();
        int z = config.zDim();
        int width = config.decoderBaseDim() * multiples.getFirst();
        layers.add(WanLayers.pointwise(root.at("post_quant_conv"), z, z));
        layers.add(WanLayers.conv(source.at("conv_in"), z, width));
        middle(layers, source.at("mid_block"), width);
        int last = multiples.size() - 1;
        for (int i = 0; i <= last; i++) {
            int out = config.decoderBaseDim() * multiples.get(i);
            boolean temporal = i < last && config.temporalUpsample().get(i);
            ParameterSource block = source.at("up_blocks." + i);
            layers.addAll(
                    config.isResidual()
                            ? List.of(up(block, width, out, temporal, i < last, config))
                            : plainUp(block, width, out, temporal, i < last, config));
            // upsampling halves the width in Wan 2.1
            width = config.isResidual() || i == last ? out : out / 2;
        }
        layers.add(WanLayers.Norm.of(source.at("norm_out"), width, 3).withSilu());
        layers.add(WanLayers.conv(source.at("conv_out"), width, config.outChannels()));
        return List.copyOf(layers);
    }

    private static List<VideoLayer> plainUp(
            ParameterSource block,
            int in,
            int out,
            boolean temporal,
            boolean spatial,
            AutoencoderWan.Config config) {
        var layers = new ArrayList<VideoLayer>();
        residuals(layers, block, in, out, config.numResBlocks() + 1);
        if (spatial) {
            layers.add(WanLayers.Upsample.of(block.at("upsamplers.0"), out, out / 2, temporal));
        }
        return layers;
    }

    private static VideoLayer up(
            ParameterSource block,
            int in,
            int out,
            boolean temporal,
            boolean spatial,
            AutoencoderWan.Config config) {
        var body = new ArrayList<VideoLayer>();
        residuals(body, block, in, out, config.numResBlocks() + 1);
        if (!spatial) {
            return new WanShortcuts.Up(List.copyOf(body), null);
        }
        body.add(WanLayers.Upsample.of(block.at("upsampler"), out, out, temporal));
        return new WanShortcuts.Up(
                List.copyOf(body), new WanShortcuts.Repeat(out, temporal ? 2 : 1, 2));
    }

    private static void residuals(
            List<VideoLayer> layers, ParameterSource block, int in, int out, int count) {
        for (int j = 0; j < count; j++) {
            layers.add(WanLayers.Residual.of(block.at("resnets." + j), j == 0 ? in : out, out));
        }
    }

    private static void middle(List<VideoLayer> layers, ParameterSource source, int width) {
        layers.add(WanLayers.Residual.of(source.at("resnets.0"), width, width));
        layers.add(WanLayers.Attention.of(source.at("attentions.0"), width));
        layers.add(WanLayers.Residual.of(source.at("resnets.1"), width, width));
    }
}
