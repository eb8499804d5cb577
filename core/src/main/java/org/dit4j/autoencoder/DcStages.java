package org.dit4j.autoencoder;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.nn.Activation;
import org.dit4j.nn.Conv2d;
import org.dit4j.nn.ParameterSource;

/// The encoder and the decoder of [AutoencoderDc] as lists of layers (diffusers
/// `autoencoder_dc.py`, `Encoder` and `Decoder`).
final class DcStages {
    private DcStages() {}

    /// Pictures to latents `[B, C, h, w]`.
    static List<Layer> encoder(ParameterSource source, AutoencoderDc.Config config) {
        List<DcStage> stages = config.encoder();
        var layers = new ArrayList<Layer>();
        layers.add(entry(source, config));
        int last = stages.size() - 1;
        for (int i = 0; i <= last; i++) {
            DcStage stage = stages.get(i);
            ParameterSource block = source.at("down_blocks." + i);
            blocks(layers, block, stage, 0);
            if (i < last && stage.layers() > 0) {
                layers.add(
                        DcLayers.Down.of(
                                block.at("" + stage.layers()),
                                stage.width(),
                                stages.get(i + 1).width(),
                                config.unshuffles(),
                                true));
            }
        }
        Conv2d out =
                source.conv2d("conv_out", stages.getLast().width(), config.latentChannels(), 3);
        int latents = config.latentChannels();
        layers.add(
                config.outShortcut()
                        ? x -> out.forward(x).add(DcLayers.averaged(x, latents))
                        : out::forward);
        return List.copyOf(layers);
    }

    /// A first stage without layers is skipped: its place takes a halving of the size.
    private static Layer entry(ParameterSource source, AutoencoderDc.Config config) {
        int width = outermost(config.encoder());
        return config.encoder().getFirst().layers() > 0
                ? source.conv2d("conv_in", config.inChannels(), width, 3)::forward
                : DcLayers.Down.of(
                        source.at("conv_in"),
                        config.inChannels(),
                        width,
                        config.unshuffles(),
                        false);
    }

    private static int outermost(List<DcStage> stages) {
        return stages.get(stages.getFirst().layers() > 0 ? 0 : 1).width();
    }

    /// Latents `[B, C, h, w]` to pictures.
    static List<Layer> decoder(ParameterSource source, AutoencoderDc.Config config) {
        List<DcStage> stages = config.decoder();
        int last = stages.size() - 1;
        int deepest = stages.getLast().width();
        var layers = new ArrayList<Layer>();
        Conv2d in = source.conv2d("conv_in", config.latentChannels(), deepest, 3);
        layers.add(
                config.inShortcut()
                        ? z -> in.forward(z).add(DcLayers.repeated(z, deepest))
                        : in::forward);
        for (int i = last; i >= 0; i--) {
            DcStage stage = stages.get(i);
            ParameterSource block = source.at("up_blocks." + i);
            boolean grows = i < last && stage.layers() > 0;
            if (grows) {
                layers.add(
                        DcLayers.Up.of(
                                block.at("0"),
                                stages.get(i + 1).width(),
                                stage.width(),
                                config.shuffles(),
                                true));
            }
            blocks(layers, block, stage, grows ? 1 : 0);
        }
        int width = outermost(stages);
        layers.add(DcLayers.normOf(source.at("norm_out"), DcStage.Norm.RMS, width));
        layers.add(exit(source, width, config));
        return List.copyOf(layers);
    }

    private static Layer exit(ParameterSource source, int width, AutoencoderDc.Config config) {
        Activation activation = config.outActivation();
        Layer out =
                config.decoder().getFirst().layers() > 0
                        ? source.conv2d("conv_out", width, config.inChannels(), 3)::forward
                        : DcLayers.Up.of(
                                source.at("conv_out"),
                                width,
                                config.inChannels(),
                                config.shuffles(),
                                false);
        return x -> {
            Tensor h = activation.forward(x);
            return out.forward(h);
        };
    }

    private static void blocks(
            List<Layer> layers, ParameterSource source, DcStage stage, int first) {
        for (int j = 0; j < stage.layers(); j++) {
            ParameterSource block = source.at("" + (first + j));
            layers.add(
                    switch (stage.block()) {
                        case RESIDUAL -> DcLayers.Residual.of(block, stage);
                        case VIT -> DcLayers.VitBlock.of(block, stage);
                    });
        }
    }
}
