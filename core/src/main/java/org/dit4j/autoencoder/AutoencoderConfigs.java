package org.dit4j.autoencoder;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.JsonFields;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.nn.Activation;
import tools.jackson.databind.JsonNode;

/// The configuration files of autoencoders: what diffusers' `save_pretrained` writes. Missing keys
/// have diffusers' defaults.
public final class AutoencoderConfigs {
    private AutoencoderConfigs() {}

    /// Reads `config.json` of an `AutoencoderKL`.
    ///
    /// @throws ConfigException in one line with the file and the key
    public static AutoencoderKl.Config readKl(Path file) {
        return parseKl(JsonFile.tree(file), file);
    }

    /// Reads the configuration of an `AutoencoderKL` from a tree.
    ///
    /// @param where the file it came from, for messages
    public static AutoencoderKl.Config parseKl(JsonNode json, Object where) {
        var fields = new JsonFields(json, where);
        fields.require("_class_name", "AutoencoderKL");
        metadata(fields);
        List<Integer> widths =
                fields.has("block_out_channels")
                        ? fields.integers("block_out_channels")
                        : List.of(64);
        var config =
                new AutoencoderKl.Config(
                        fields.integer("in_channels", 3),
                        fields.integer("out_channels", 3),
                        widths,
                        blocks(fields, "down_block_types", "DownEncoderBlock2D"),
                        blocks(fields, "up_block_types", "UpDecoderBlock2D"),
                        fields.integer("layers_per_block", 1),
                        activation(fields, "silu"),
                        fields.integer("latent_channels", 4),
                        fields.integer("norm_num_groups", 32),
                        sampleSize(fields),
                        scale(fields, 0.18215),
                        fields.flag("force_upcast", true),
                        fields.flag("use_quant_conv", true),
                        fields.flag("use_post_quant_conv", true),
                        fields.flag("mid_block_add_attention", true));
        fields.noOthers();
        return config;
    }

    /// Reads `config.json` of an `AutoencoderTiny`.
    ///
    /// @throws ConfigException in one line with the file and the key
    public static AutoencoderTiny.Config readTiny(Path file) {
        var fields = new JsonFields(JsonFile.tree(file), file);
        fields.require("_class_name", "AutoencoderTiny");
        metadata(fields);
        fields.require("upsample_fn", "nearest");
        fields.require("upsampling_scaling_factor", 2);
        // repeats decoder_block_out_channels; and a hint for half precision
        List.of("block_out_channels", "force_upcast").forEach(fields::has);
        var config =
                new AutoencoderTiny.Config(
                        fields.integer("in_channels", 3),
                        fields.integer("out_channels", 3),
                        tinyWidth(fields, file),
                        activation(fields, "relu"),
                        fields.integer("latent_channels", 4),
                        integers(fields, "num_encoder_blocks", List.of(1, 3, 3, 3)),
                        integers(fields, "num_decoder_blocks", List.of(3, 3, 3, 1)),
                        fields.number("latent_magnitude", 3),
                        fields.number("latent_shift", 0.5),
                        scale(fields, 1));
        fields.noOthers();
        return config;
    }

    /// The stages of an `AutoencoderTiny` do not change the width, so only one width works.
    private static int tinyWidth(JsonFields fields, Path file) {
        var widths = new LinkedHashSet<Integer>();
        for (String key : List.of("encoder_block_out_channels", "decoder_block_out_channels")) {
            widths.addAll(integers(fields, key, List.of(64, 64, 64, 64)));
        }
        ConfigException.require(
                widths.size() == 1,
                "%s: encoder_block_out_channels and decoder_block_out_channels must all be the same but are %s",
                file,
                widths);
        return widths.getFirst();
    }

    static List<Integer> integers(JsonFields fields, String key, List<Integer> other) {
        return fields.has(key) ? fields.integers(key) : other;
    }

    /// Returns what `save_pretrained` would write, for [JsonFile#write].
    public static Map<String, Object> json(AutoencoderKl.Config c) {
        var json = new LinkedHashMap<String, Object>();
        json.put("_class_name", "AutoencoderKL");
        json.put("act_fn", c.activation().name().toLowerCase(java.util.Locale.ROOT));
        json.put("block_out_channels", c.blockOutChannels());
        json.put("down_block_types", names(c.downBlocks(), "DownEncoderBlock2D"));
        json.put("force_upcast", c.forceUpcast());
        json.put("in_channels", c.inChannels());
        json.put("latent_channels", c.latentChannels());
        if (!c.scale().mean().isEmpty()) {
            json.put("latents_mean", c.scale().mean());
            json.put("latents_std", c.scale().std());
        }
        json.put("layers_per_block", c.layersPerBlock());
        json.put("mid_block_add_attention", c.midBlockAddAttention());
        json.put("norm_num_groups", c.normNumGroups());
        json.put("out_channels", c.outChannels());
        json.put("sample_size", c.sampleSize());
        json.put("scaling_factor", c.scale().factor());
        if (c.scale().shift() != 0) {
            json.put("shift_factor", c.scale().shift());
        }
        json.put("up_block_types", names(c.upBlocks(), "UpDecoderBlock2D"));
        json.put("use_post_quant_conv", c.usePostQuantConv());
        json.put("use_quant_conv", c.useQuantConv());
        return json;
    }

    /// Marks the keys as known that say nothing about the network.
    static void metadata(JsonFields fields) {
        for (String key : List.of("_diffusers_version", "_name_or_path", "_commit_hash")) {
            fields.has(key);
        }
    }

    static LatentScale scale(JsonFields fields, double factor) {
        return new LatentScale(
                fields.number("scaling_factor", factor),
                fields.number("shift_factor", 0),
                fields.has("latents_mean") ? fields.numbers("latents_mean") : List.of(),
                fields.has("latents_std") ? fields.numbers("latents_std") : List.of());
    }

    private static int sampleSize(JsonFields fields) {
        boolean pair = fields.has("sample_size") && fields.tree("sample_size").isArray();
        return pair ? fields.integers("sample_size").getFirst() : fields.integer("sample_size", 32);
    }

    static Activation activation(JsonFields fields, String other) {
        fields.require("act_fn", "silu", "swish", "relu", "gelu", "mish");
        return switch (fields.text("act_fn", other)) {
            case "relu" -> Activation.RELU;
            case "gelu" -> Activation.GELU;
            case "mish" -> Activation.MISH;
            default -> Activation.SILU;
        };
    }

    private static List<AutoencoderKl.BlockType> blocks(
            JsonFields fields, String key, String plain) {
        List<String> names = fields.has(key) ? fields.texts(key) : List.of(plain);
        for (String name : names) {
            ConfigException.require(
                    name.equals(plain) || name.equals("Attn" + plain),
                    "%s must hold %s or Attn%s but holds %s",
                    key,
                    plain,
                    plain,
                    name);
        }
        return names.stream()
                .map(name ->
                        name.equals(plain)
                                ? AutoencoderKl.BlockType.PLAIN
                                : AutoencoderKl.BlockType.ATTENTION)
                .toList();
    }

    private static List<String> names(List<AutoencoderKl.BlockType> types, String plain) {
        return types.stream()
                .map(type ->
                        switch (type) {
                            case PLAIN -> plain;
                            case ATTENTION -> "Attn" + plain;
                        })
                .toList();
    }
}
