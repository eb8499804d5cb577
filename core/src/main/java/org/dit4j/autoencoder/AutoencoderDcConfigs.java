package org.dit4j.autoencoder;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.JsonFields;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.nn.Activation;
import tools.jackson.databind.JsonNode;

/// The configuration files of [AutoencoderDc]: what diffusers' `save_pretrained` writes. Missing
/// keys have diffusers' defaults.
public final class AutoencoderDcConfigs {
    private static final List<Integer> WIDTHS = List.of(128, 256, 512, 512, 1024, 1024);
    private static final List<List<Integer>> SCALES =
            List.of(List.of(), List.of(), List.of(), List.of(5), List.of(5), List.of(5));

    private AutoencoderDcConfigs() {}

    /// Reads `config.json`.
    ///
    /// @throws ConfigException in one line with the file and the key
    public static AutoencoderDc.Config read(Path file) {
        var fields = new JsonFields(JsonFile.tree(file), file);
        fields.require("_class_name", "AutoencoderDC");
        AutoencoderConfigs.metadata(fields);
        fields.require("downsample_block_type", "pixel_unshuffle", "conv", "Conv");
        fields.require("upsample_block_type", "pixel_shuffle", "interpolate");
        var config =
                new AutoencoderDc.Config(
                        fields.integer("in_channels", 3),
                        fields.integer("latent_channels", 32),
                        stages(fields, "encoder", List.of(2, 2, 2, 3, 3, 3)),
                        stages(fields, "decoder", Collections.nCopies(6, 3)),
                        fields.text("downsample_block_type", "pixel_unshuffle")
                                .equals("pixel_unshuffle"),
                        fields.text("upsample_block_type", "pixel_shuffle").equals("pixel_shuffle"),
                        fields.flag("encoder_out_shortcut", true),
                        fields.flag("decoder_in_shortcut", true),
                        activation(fields.text("decoder_conv_act_fn", "relu")),
                        AutoencoderConfigs.scale(fields, 1));
        fields.noOthers();
        return config;
    }

    private static List<DcStage> stages(JsonFields fields, String side, List<Integer> depths) {
        List<Integer> widths =
                AutoencoderConfigs.integers(fields, side + "_block_out_channels", WIDTHS);
        int n = widths.size();
        List<Integer> layers =
                AutoencoderConfigs.integers(fields, side + "_layers_per_block", depths);
        List<String> blocks = each(fields, side + "_block_types", "ResBlock", n);
        boolean decoding = side.equals("decoder");
        List<String> norms =
                decoding
                        ? each(fields, "decoder_norm_types", "rms_norm", n)
                        : Collections.nCopies(n, "rms_norm");
        List<String> activations =
                decoding
                        ? each(fields, "decoder_act_fns", "silu", n)
                        : Collections.nCopies(n, "silu");
        List<List<Integer>> scales = scales(fields, side + "_qkv_multiscales");
        ConfigException.require(
                layers.size() == n
                        && blocks.size() == n
                        && norms.size() == n
                        && activations.size() == n
                        && scales.size() == n,
                "the lists of the %s must all be as long as %s_block_out_channels, %d",
                side,
                side,
                n);
        int head = fields.integer("attention_head_dim", 32);
        var all = new ArrayList<DcStage>();
        for (int i = 0; i < n; i++) {
            all.add(
                    new DcStage(
                            block(blocks.get(i)),
                            widths.get(i),
                            layers.get(i),
                            scales.get(i),
                            norm(norms.get(i)),
                            activation(activations.get(i)),
                            head));
        }
        return all;
    }

    /// Returns a list of texts, where the file may hold one text for all.
    private static List<String> each(JsonFields fields, String key, String other, int n) {
        boolean isList = fields.has(key) && fields.tree(key).isArray();
        return isList ? fields.texts(key) : Collections.nCopies(n, fields.text(key, other));
    }

    private static List<List<Integer>> scales(JsonFields fields, String key) {
        if (!fields.has(key)) {
            return SCALES;
        }
        var all = new ArrayList<List<Integer>>();
        for (JsonNode stage : fields.tree(key)) {
            var sizes = new ArrayList<Integer>();
            for (JsonNode size : stage) {
                ConfigException.require(
                        size.isInt(),
                        "%s must hold lists of whole numbers but holds %s",
                        key,
                        size);
                sizes.add(size.intValue());
            }
            all.add(sizes);
        }
        return all;
    }

    private static DcStage.Block block(String name) {
        return pick(
                name,
                "a block type",
                Map.of("ResBlock", DcStage.Block.RESIDUAL, "EfficientViTBlock", DcStage.Block.VIT));
    }

    private static DcStage.Norm norm(String name) {
        return pick(
                name,
                "decoder_norm_types",
                Map.of("rms_norm", DcStage.Norm.RMS, "batch_norm", DcStage.Norm.BATCH));
    }

    private static Activation activation(String name) {
        return pick(
                name,
                "an activation",
                Map.of(
                        "silu",
                        Activation.SILU,
                        "swish",
                        Activation.SILU,
                        "relu",
                        Activation.RELU,
                        "gelu",
                        Activation.GELU,
                        "mish",
                        Activation.MISH));
    }

    private static <T> T pick(String name, String what, Map<String, T> known) {
        T found = known.get(name);
        if (found == null) {
            throw new ConfigException(
                    "%s must be one of %s but is %s"
                            .formatted(what, known.keySet().stream().sorted().toList(), name));
        }
        return found;
    }
}
