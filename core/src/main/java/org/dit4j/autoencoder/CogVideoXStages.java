package org.dit4j.autoencoder;

import java.util.ArrayList;
import java.util.List;
import org.dit4j.nn.GroupNorm;
import org.dit4j.nn.ParameterSource;
import org.dit4j.tensor.Ops;

/// The encoder and the decoder of [AutoencoderCogVideoX] as lists of layers (diffusers
/// `autoencoder_kl_cogvideox.py`, `CogVideoXEncoder3D` and `CogVideoXDecoder3D`).
final class CogVideoXStages {
    private CogVideoXStages() {}

    /// Videos to moments `[B, 2 C, f, h, w]`, before `quant_conv`.
    static List<VideoLayer> encoder(ParameterSource source, AutoencoderCogVideoX.Config config) {
        List<Integer> widths = config.blockOutChannels();
        int last = widths.size() - 1;
        var layers = new ArrayList<VideoLayer>();
        int in = widths.getFirst();
        layers.add(CogVideoXLayers.conv(source.at("conv_in"), config.inChannels(), in));
        for (int i = 0; i <= last; i++) {
            ParameterSource block = source.at("down_blocks." + i);
            int out = widths.get(i);
            residuals(layers, block, in, out, config.layersPerBlock(), false, config);
            if (i < last) {
                layers.add(
                        CogVideoXLayers.Downsample.of(
                                block.at("downsamplers.0"), out, i < config.temporalStages()));
            }
            in = out;
        }
        residuals(layers, source.at("mid_block"), in, in, 2, false, config);
        GroupNorm norm = source.groupNorm("norm_out", config.normNumGroups(), in, 1e-6);
        layers.add((x, _) -> Ops.silu(norm.forward(x)));
        layers.add(CogVideoXLayers.conv(source.at("conv_out"), in, 2L * config.latentChannels()));
        return List.copyOf(layers);
    }

    /// Latents `[B, C, f, h, w]`, behind `post_quant_conv`, to videos.
    static List<VideoLayer> decoder(ParameterSource source, AutoencoderCogVideoX.Config config) {
        List<Integer> widths = config.blockOutChannels().reversed();
        int last = widths.size() - 1;
        var layers = new ArrayList<VideoLayer>();
        int in = widths.getFirst();
        layers.add(CogVideoXLayers.conv(source.at("conv_in"), config.latentChannels(), in));
        residuals(layers, source.at("mid_block"), in, in, 2, true, config);
        for (int i = 0; i <= last; i++) {
            ParameterSource block = source.at("up_blocks." + i);
            int out = widths.get(i);
            residuals(layers, block, in, out, config.layersPerBlock() + 1, true, config);
            if (i < last) {
                layers.add(
                        CogVideoXLayers.Upsample.of(
                                block.at("upsamplers.0"), out, i < config.temporalStages()));
            }
            in = out;
        }
        CogVideoXLayers.LatentNorm norm =
                CogVideoXLayers.LatentNorm.of(
                        source.at("norm_out"), in, config.latentChannels(), config.normNumGroups());
        layers.add((x, chunk) -> Ops.silu(norm.forward(x, chunk)));
        layers.add(CogVideoXLayers.conv(source.at("conv_out"), in, config.outChannels()));
        return List.copyOf(layers);
    }

    private static void residuals(
            List<VideoLayer> layers,
            ParameterSource block,
            int in,
            int out,
            int count,
            boolean decoding,
            AutoencoderCogVideoX.Config config) {
        for (int j = 0; j < count; j++) {
            layers.add(
                    CogVideoXLayers.Residual.of(
                            block.at("resnets." + j), j == 0 ? in : out, out, decoding, config));
        }
    }
}
