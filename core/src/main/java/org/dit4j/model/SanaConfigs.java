package org.dit4j.model;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.JsonFields;
import org.dit4j.checkpoint.JsonFile;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/// The configuration files of [Sana]: its own fields, or what diffusers' `save_pretrained` writes
/// for `SanaTransformer2DModel` (`sana_transformer.py`).
public final class SanaConfigs {
    private static final String FAMILY = "sana";
    private static final String CLASS = "SanaTransformer2DModel";

    private SanaConfigs() {}

    /// Reads `config.json`.
    ///
    /// @throws ConfigException in one line with the file and the key
    public static Sana.Config read(Path file) {
        return parse(JsonFile.tree(file), file);
    }

    /// Reads a configuration from a tree.
    ///
    /// @param where the file it came from, for messages
    public static Sana.Config parse(JsonNode json, Object where) {
        var fields = new JsonFields(json, where);
        if (fields.has("_class_name")) {
            String name = fields.text("_class_name");
            ConfigException.require(
                    name.equals(CLASS), "%s: _class_name %s is not a %s", where, name, CLASS);
            return diffusers(fields, where);
        }
        String family = fields.text("family");
        ConfigException.require(
                family.equals(FAMILY), "%s: family must be %s but is %s", where, FAMILY, family);
        return own(fields);
    }

    private static Sana.Config own(JsonFields json) {
        var config =
                new Sana.Config(
                        json.integer("input_size"),
                        json.integer("patch_size"),
                        json.integer("in_channels"),
                        json.integer("out_channels"),
                        json.integer("hidden_size"),
                        json.integer("depth"),
                        json.integer("num_heads"),
                        json.integer("cross_num_heads"),
                        json.integer("caption_channels"),
                        json.number("mlp_ratio"),
                        json.flag("qkv_bias"),
                        json.flag("qk_norm"),
                        interpolation(json, "pe_interpolation"),
                        json.flag("cfg_embed"),
                        json.number("cfg_embed_scale"),
                        json.number("timestep_norm_scale_factor"),
                        json.flag("norm_affine"),
                        json.number("norm_eps"));
        json.noOthers();
        return config;
    }

    private static @Nullable Double interpolation(JsonFields json, String key) {
        return json.has(key) ? json.number(key) : null;
    }

    /// Absent arguments have the defaults of the constructor.
    private static Sana.Config diffusers(JsonFields json, Object where) {
        json.ignore("_diffusers_version", "_name_or_path", "dropout");
        json.require("qk_norm", "rms_norm_across_heads");
        int channels = json.integer("in_channels", 32);
        int heads = json.integer("num_attention_heads", 70);
        int width = heads * json.integer("attention_head_dim", 32);
        int crossHeads = json.integer("num_cross_attention_heads", 20);
        int crossWidth = crossHeads * json.integer("cross_attention_head_dim", 112);
        int textWidth = json.integer("cross_attention_dim", 2240);
        ConfigException.require(
                crossWidth == width && textWidth == width,
                "%s: the widths of both attentions and cross_attention_dim must be the same but are"
                        + " %d, %d and %d",
                where,
                width,
                crossWidth,
                textWidth);
        var config =
                new Sana.Config(
                        json.integer("sample_size", 32),
                        json.integer("patch_size", 1),
                        channels,
                        json.integer("out_channels", json.isNull("out_channels") ? channels : 32),
                        width,
                        json.integer("num_layers", 20),
                        heads,
                        crossHeads,
                        json.integer("caption_channels", 2304),
                        json.number("mlp_ratio", 2.5),
                        json.flag("attention_bias", false),
                        json.has("qk_norm"),
                        interpolation(json, "interpolation_scale"),
                        json.flag("guidance_embeds", false),
                        json.number("guidance_embeds_scale", 0.1),
                        json.number("timestep_scale", 1),
                        json.flag("norm_elementwise_affine", false),
                        json.number("norm_eps", 1e-6));
        json.noOthers();
        return config;
    }

    /// Returns what [#parse] reads.
    public static Map<String, Object> json(Sana.Config c) {
        var map = new LinkedHashMap<String, Object>();
        map.put("family", FAMILY);
        map.put("input_size", c.inputSize());
        map.put("patch_size", c.patchSize());
        map.put("in_channels", c.inChannels());
        map.put("out_channels", c.outChannels());
        map.put("hidden_size", c.hiddenSize());
        map.put("depth", c.depth());
        map.put("num_heads", c.numHeads());
        map.put("cross_num_heads", c.crossHeads());
        map.put("caption_channels", c.textWidth());
        map.put("mlp_ratio", c.mlpRatio());
        map.put("qkv_bias", c.attentionBias());
        map.put("qk_norm", c.qkNorm());
        if (c.interpolation() != null) {
            map.put("pe_interpolation", c.interpolation());
        }
        map.put("cfg_embed", c.guidanceEmbeds());
        map.put("cfg_embed_scale", c.guidanceScale());
        map.put("timestep_norm_scale_factor", c.timestepScale());
        map.put("norm_affine", c.normAffine());
        map.put("norm_eps", c.normEps());
        return map;
    }

    /// Returns the `config.json` of diffusers, which [#parse] reads.
    static Map<String, Object> diffusersJson(Sana.Config c) {
        var map = new LinkedHashMap<String, Object>();
        map.put("_class_name", CLASS);
        map.put("sample_size", c.inputSize());
        map.put("patch_size", c.patchSize());
        map.put("in_channels", c.inChannels());
        map.put("out_channels", c.outChannels());
        map.put("num_layers", c.depth());
        map.put("num_attention_heads", c.numHeads());
        map.put("attention_head_dim", c.hiddenSize() / c.numHeads());
        map.put("num_cross_attention_heads", c.crossHeads());
        map.put("cross_attention_head_dim", c.hiddenSize() / c.crossHeads());
        map.put("cross_attention_dim", c.hiddenSize());
        map.put("caption_channels", c.textWidth());
        map.put("mlp_ratio", c.mlpRatio());
        map.put("attention_bias", c.attentionBias());
        map.put("guidance_embeds", c.guidanceEmbeds());
        map.put("guidance_embeds_scale", c.guidanceScale());
        map.put("timestep_scale", c.timestepScale());
        map.put("norm_elementwise_affine", c.normAffine());
        map.put("norm_eps", c.normEps());
        if (c.qkNorm()) {
            map.put("qk_norm", "rms_norm_across_heads");
        }
        if (c.interpolation() != null) {
            map.put("interpolation_scale", c.interpolation());
        }
        return map;
    }
}
