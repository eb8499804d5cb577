package org.dit4j.model;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.JsonFields;
import org.dit4j.checkpoint.JsonFile;
import tools.jackson.databind.JsonNode;

/// The configuration files of [PixArt]: its own fields, or what diffusers' `save_pretrained` writes
/// for `PixArtTransformer2DModel` (`pixart_transformer_2d.py`) and formerly wrote for
/// `Transformer2DModel`.
public final class PixArtConfigs {
    private static final String FAMILY = "pixart";
    private static final String CLASS = "PixArtTransformer2DModel";
    private static final String OLD_CLASS = "Transformer2DModel";

    private PixArtConfigs() {}

    /// Reads `config.json`.
    ///
    /// @throws ConfigException in one line with the file and the key
    public static PixArt.Config read(Path file) {
        return parse(JsonFile.tree(file), file);
    }

    /// Reads a configuration from a tree.
    ///
    /// @param where the file it came from, for messages
    public static PixArt.Config parse(JsonNode json, Object where) {
        var fields = new JsonFields(json, where);
        if (fields.has("_class_name")) {
            String name = fields.text("_class_name");
            ConfigException.require(
                    name.equals(CLASS) || name.equals(OLD_CLASS),
                    "%s: _class_name %s is not a %s",
                    where,
                    name,
                    CLASS);
            return diffusers(fields);
        }
        String family = fields.text("family");
        ConfigException.require(
                family.equals(FAMILY), "%s: family must be %s but is %s", where, FAMILY, family);
        return own(fields);
    }

    private static PixArt.Config own(JsonFields json) {
        var config =
                new PixArt.Config(
                        json.integer("input_size"),
                        json.integer("patch_size"),
                        json.integer("in_channels"),
                        json.integer("out_channels"),
                        json.integer("hidden_size"),
                        json.integer("depth"),
                        json.integer("num_heads"),
                        json.integer("caption_channels"),
                        json.flag("project_caption"),
                        json.number("pe_interpolation"),
                        json.flag("micro_condition"),
                        json.number("norm_eps"));
        json.noOthers();
        return config;
    }

    /// Absent arguments have the defaults of the constructor; null for the interpolation and the
    /// additional conditions means what fits the size.
    private static PixArt.Config diffusers(JsonFields json) {
        requireKnown(json);
        int size = json.integer("sample_size", 128);
        int channels = json.integer("in_channels", 4);
        int heads = json.integer("num_attention_heads", 16);
        int width = heads * json.integer("attention_head_dim", 72);
        int crossWidth = json.integer("cross_attention_dim", 1152);
        boolean projects = json.has("caption_channels");
        ConfigException.require(
                !projects || crossWidth == width,
                "cross_attention_dim %d must be num_attention_heads times attention_head_dim, %d",
                crossWidth,
                width);
        var config =
                new PixArt.Config(
                        size,
                        json.integer("patch_size", 2),
                        channels,
                        json.integer("out_channels", json.isNull("out_channels") ? channels : 8),
                        width,
                        json.integer("num_layers", 28),
                        heads,
                        projects ? json.integer("caption_channels") : crossWidth,
                        projects,
                        json.number("interpolation_scale", Math.max(size / 64, 1)),
                        json.flag("use_additional_conditions", size == 128),
                        json.number("norm_eps", 1e-6));
        json.noOthers();
        return config;
    }

    private static void requireKnown(JsonFields json) {
        json.ignore("_diffusers_version", "_name_or_path");
        json.ignore("dropout", "norm_num_groups", "num_embeds_ada_norm", "upcast_attention");
        json.require("norm_type", "ada_norm_single");
        json.require("activation_fn", "gelu-approximate");
        json.require("attention_bias", true);
        json.require("attention_type", "default");
        json.require("norm_elementwise_affine", false);
        json.require("double_self_attention", false);
        json.require("only_cross_attention", false);
        json.require("use_linear_projection", false);
        json.require("num_vector_embeds");
    }

    /// Returns what [#parse] reads.
    public static Map<String, Object> json(PixArt.Config c) {
        var map = new LinkedHashMap<String, Object>();
        map.put("family", FAMILY);
        map.put("input_size", c.inputSize());
        map.put("patch_size", c.patchSize());
        map.put("in_channels", c.inChannels());
        map.put("out_channels", c.outChannels());
        map.put("hidden_size", c.hiddenSize());
        map.put("depth", c.depth());
        map.put("num_heads", c.numHeads());
        map.put("caption_channels", c.textWidth());
        map.put("project_caption", c.projectsText());
        map.put("pe_interpolation", c.interpolation());
        map.put("micro_condition", c.microConditions());
        map.put("norm_eps", c.normEps());
        return map;
    }

    /// Returns the `config.json` of diffusers, which [#parse] reads.
    static Map<String, Object> diffusersJson(PixArt.Config c) {
        var map = new LinkedHashMap<String, Object>();
        map.put("_class_name", CLASS);
        map.put("sample_size", c.inputSize());
        map.put("patch_size", c.patchSize());
        map.put("in_channels", c.inChannels());
        map.put("out_channels", c.outChannels());
        map.put("num_layers", c.depth());
        map.put("num_attention_heads", c.numHeads());
        map.put("attention_head_dim", c.hiddenSize() / c.numHeads());
        map.put("cross_attention_dim", c.projectsText() ? c.hiddenSize() : c.textWidth());
        map.put("interpolation_scale", c.interpolation());
        map.put("use_additional_conditions", c.microConditions());
        map.put("norm_type", "ada_norm_single");
        map.put("activation_fn", "gelu-approximate");
        map.put("attention_bias", true);
        map.put("norm_elementwise_affine", false);
        map.put("norm_eps", c.normEps());
        if (c.projectsText()) {
            map.put("caption_channels", c.textWidth());
        }
        return map;
    }
}
