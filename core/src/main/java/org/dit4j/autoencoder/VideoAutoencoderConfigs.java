package org.dit4j.autoencoder;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.JsonFields;
import org.dit4j.checkpoint.JsonFile;
import tools.jackson.databind.JsonNode;

/// The configuration files of video autoencoders: what diffusers' `save_pretrained` writes. Missing
/// keys have diffusers' defaults.
public final class VideoAutoencoderConfigs {
    /// Mean and standard deviation of the 16 channels of Wan 2.1 (diffusers
    /// `autoencoder_kl_wan.py`).
    private static final LatentScale WAN_SCALE =
            new LatentScale(
                    1,
                    0,
                    List.of(
                            -0.7571, -0.7089, -0.9113, 0.1075, -0.1745, 0.9653, -0.1517, 1.5508,
                            0.4134, -0.0715, 0.5517, -0.3632, -0.1922, -0.9497, 0.2503, -0.2921),
                    List.of(
                            2.8184, 1.4541, 2.3275, 2.6558, 1.2196, 1.7708, 2.6052, 2.0743, 3.2687,
                            2.1526, 2.8652, 1.5579, 1.6382, 1.1253, 2.8251, 1.9160));

    private VideoAutoencoderConfigs() {}

    /// Reads `config.json` of an `AutoencoderKLWan`.
    ///
    /// @throws ConfigException in one line with the file and the key
    public static AutoencoderWan.Config readWan(Path file) {
        var fields = new JsonFields(JsonFile.tree(file), file);
        fields.require("_class_name", "AutoencoderKLWan");
        AutoencoderConfigs.metadata(fields);
        // nothing is dropped at inference, the stages say how frames are halved, and the published
        // Wan 2.2 has a key that no code reads
        fields.ignore("dropout", "scale_factor_temporal", "clip_output");
        int base = fields.integer("base_dim", 96);
        var config =
                new AutoencoderWan.Config(
                        base,
                        fields.integer("decoder_base_dim", base),
                        fields.integer("z_dim", 16),
                        AutoencoderConfigs.integers(fields, "dim_mult", List.of(1, 2, 4, 4)),
                        fields.integer("num_res_blocks", 2),
                        fields.has("attn_scales") ? fields.numbers("attn_scales") : List.of(),
                        flags(fields, "temperal_downsample", List.of(false, true, true)),
                        fields.has("latents_mean") || fields.has("latents_std")
                                ? AutoencoderConfigs.scale(fields, 1)
                                : WAN_SCALE,
                        fields.flag("is_residual", false),
                        fields.integer("in_channels", 3),
                        fields.integer("out_channels", 3),
                        fields.integer("patch_size", 1),
                        fields.integer("scale_factor_spatial", 8));
        fields.noOthers();
        return config;
    }

    private static List<Boolean> flags(JsonFields fields, String key, List<Boolean> other) {
        if (!fields.has(key)) {
            return other;
        }
        var all = new ArrayList<Boolean>();
        for (JsonNode item : fields.tree(key)) {
            ConfigException.require(
                    item.isBoolean(),
                    "%s must be a list of true and false but holds %s",
                    key,
                    item);
            all.add(item.booleanValue());
        }
        return all;
    }

    /// Reads `config.json` of an `AutoencoderKLCogVideoX`.
    ///
    /// @throws ConfigException in one line with the file and the key
    public static AutoencoderCogVideoX.Config readCogVideoX(Path file) {
        var fields = new JsonFields(JsonFile.tree(file), file);
        fields.require("_class_name", "AutoencoderKLCogVideoX");
        AutoencoderConfigs.metadata(fields);
        fields.ignore("force_upcast"); // a hint for half precision
        List<Integer> widths =
                AutoencoderConfigs.integers(
                        fields, "block_out_channels", List.of(128, 256, 256, 512));
        stages(fields, "down_block_types", "CogVideoXDownBlock3D", widths.size());
        stages(fields, "up_block_types", "CogVideoXUpBlock3D", widths.size());
        var config =
                new AutoencoderCogVideoX.Config(
                        fields.integer("in_channels", 3),
                        fields.integer("out_channels", 3),
                        widths,
                        fields.integer("latent_channels", 16),
                        fields.integer("layers_per_block", 3),
                        AutoencoderConfigs.activation(fields, "silu"),
                        fields.number("norm_eps", 1e-6),
                        fields.integer("norm_num_groups", 32),
                        (int) fields.number("temporal_compression_ratio", 4),
                        fields.integer("sample_height", 480),
                        fields.integer("sample_width", 720),
                        AutoencoderConfigs.scale(fields, 1.15258426),
                        fields.flag("invert_scale_latents", false),
                        fields.flag("use_quant_conv", false),
                        fields.flag("use_post_quant_conv", false));
        fields.noOthers();
        return config;
    }

    private static void stages(JsonFields fields, String key, String type, int count) {
        List<String> types = fields.has(key) ? fields.texts(key) : Collections.nCopies(4, type);
        ConfigException.require(
                types.equals(Collections.nCopies(count, type)),
                "%s must hold %s once for each of the %d block_out_channels but is %s",
                key,
                type,
                count,
                types);
    }
}
