package org.dit4j.model;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.JsonFields;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.model.HunyuanDit.Pooled;
import org.dit4j.model.HunyuanDit.Text;
import org.dit4j.nn.GridRegion.Spacing;
import tools.jackson.databind.JsonNode;

/// The configuration files of [HunyuanDit]: its own fields, or what diffusers' `save_pretrained`
/// writes for `HunyuanDiT2DModel` (`hunyuan_transformer_2d.py`).
public final class HunyuanDitConfigs {
    /// Side of the latents whose grid of patches all sizes are fitted into: 512 pixels.
    private static final int BASE_LATENTS = 64;

    private static final String FAMILY = "hunyuan-dit";
    private static final String CLASS = "HunyuanDiT2DModel";
    private static final String CONTROL_NET = "HunyuanDiT2DControlNetModel";

    private HunyuanDitConfigs() {}

    /// Reads `config.json`.
    ///
    /// @throws ConfigException in one line with the file and the key
    public static HunyuanDit.Config read(Path file) {
        return parse(JsonFile.tree(file), file);
    }

    /// Reads a configuration from a tree.
    ///
    /// @param where the file it came from, for messages
    public static HunyuanDit.Config parse(JsonNode json, Object where) {
        var fields = new JsonFields(json, where);
        if (fields.has("_class_name")) {
            String name = fields.text("_class_name");
            ConfigException.require(
                    name.equals(CLASS), "%s: _class_name %s is not a %s", where, name, CLASS);
            return diffusers(fields);
        }
        String family = fields.text("family");
        ConfigException.require(
                family.equals(FAMILY), "%s: family must be %s but is %s", where, FAMILY, family);
        return original(fields);
    }

    private static HunyuanDit.Config original(JsonFields json) {
        var config =
                new HunyuanDit.Config(
                        json.integer("input_size"),
                        json.integer("patch_size"),
                        json.integer("in_channels"),
                        json.integer("hidden_size"),
                        json.integer("depth"),
                        json.integer("num_heads"),
                        json.number("mlp_ratio"),
                        json.flag("learn_sigma"),
                        new Text(
                                json.integer("text_states_dim"),
                                json.integer("text_len"),
                                json.integer("text_states_dim_t5"),
                                json.integer("text_len_t5"),
                                json.integer("pooled_width"),
                                pooled(json.text("pooled"))),
                        json.flag("size_and_style"),
                        json.integer("position_base"),
                        spacing(json.text("position_spacing")));
        json.noOthers();
        return config;
    }

    private static Pooled pooled(String name) {
        for (Pooled p : Pooled.values()) {
            if (name(p).equals(name)) {
                return p;
            }
        }
        throw new ConfigException("pooled must be first or second but is " + name);
    }

    private static Spacing spacing(String name) {
        for (Spacing s : Spacing.values()) {
            if (name(s).equals(name)) {
                return s;
            }
        }
        throw new ConfigException("position_spacing must be even or shortened but is " + name);
    }

    private static String name(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }

    /// Reads the `config.json` of a ControlNet that diffusers wrote (`controlnet_hunyuan.py`): the
    /// configuration of the network that it steers.
    ///
    /// @throws ConfigException in one line with the file and the key
    static HunyuanDit.Config readControlNet(Path file) {
        var fields = new JsonFields(JsonFile.tree(file), file);
        String name = fields.text("_class_name");
        ConfigException.require(
                name.equals(CONTROL_NET),
                "%s: _class_name %s is not a %s",
                file,
                name,
                CONTROL_NET);
        fields.ignore("conditioning_channels"); // of the picture, not of its latents
        return diffusers(fields, fields.integer("transformer_num_layers"), false);
    }

    private static HunyuanDit.Config diffusers(JsonFields json) {
        json.require("norm_type", "layer_norm");
        return diffusers(json, json.integer("num_layers"), json.flag("learn_sigma"));
    }

    /// Every argument must be there but the last two, which the earliest files lack.
    private static HunyuanDit.Config diffusers(JsonFields json, int depth, boolean learnSigma) {
        json.has("_diffusers_version");
        json.has("_name_or_path");
        json.require("activation_fn", "gelu-approximate");
        int heads = json.integer("num_attention_heads");
        int width = json.integer("hidden_size");
        int head = json.integer("attention_head_dim");
        ConfigException.require(
                width == heads * head,
                "hidden_size %d must be num_attention_heads %d times attention_head_dim %d",
                width,
                heads,
                head);
        int patch = json.integer("patch_size");
        var config =
                new HunyuanDit.Config(
                        json.integer("sample_size"),
                        patch,
                        json.integer("in_channels"),
                        width,
                        depth,
                        heads,
                        json.number("mlp_ratio"),
                        learnSigma,
                        diffusersText(json),
                        json.flag("use_style_cond_and_image_meta_size", true),
                        Math.max(1, BASE_LATENTS / Math.max(1, patch)),
                        Spacing.SHORTENED);
        json.noOthers();
        return config;
    }

    private static Text diffusersText(JsonFields json) {
        return new Text(
                json.integer("cross_attention_dim"),
                json.integer("text_len"),
                json.integer("cross_attention_dim_t5"),
                json.integer("text_len_t5"),
                json.integer("pooled_projection_dim"),
                Pooled.SECOND);
    }

    /// Returns what [#parse] reads; the names of the original code where it has one.
    public static Map<String, Object> json(HunyuanDit.Config c) {
        var map = new LinkedHashMap<String, Object>();
        map.put("family", FAMILY);
        map.put("input_size", c.inputSize());
        map.put("patch_size", c.patchSize());
        map.put("in_channels", c.inChannels());
        map.put("hidden_size", c.hiddenSize());
        map.put("depth", c.depth());
        map.put("num_heads", c.numHeads());
        map.put("mlp_ratio", c.mlpRatio());
        map.put("learn_sigma", c.learnSigma());
        map.put("text_states_dim", c.text().width());
        map.put("text_len", c.text().length());
        map.put("text_states_dim_t5", c.text().secondWidth());
        map.put("text_len_t5", c.text().secondLength());
        map.put("pooled_width", c.text().pooledWidth());
        map.put("pooled", name(c.text().pooled()));
        map.put("size_and_style", c.sizeAndStyle());
        map.put("position_base", c.positionBase());
        map.put("position_spacing", name(c.positionSpacing()));
        return map;
    }

    /// Returns the `config.json` of diffusers, which [#parse] reads.
    static Map<String, Object> diffusersJson(HunyuanDit.Config c) {
        var map = new LinkedHashMap<String, Object>();
        map.put("_class_name", CLASS);
        map.put("sample_size", c.inputSize());
        map.put("patch_size", c.patchSize());
        map.put("in_channels", c.inChannels());
        map.put("hidden_size", c.hiddenSize());
        map.put("num_layers", c.depth());
        map.put("num_attention_heads", c.numHeads());
        map.put("attention_head_dim", c.hiddenSize() / c.numHeads());
        map.put("mlp_ratio", c.mlpRatio());
        map.put("learn_sigma", c.learnSigma());
        map.put("activation_fn", "gelu-approximate");
        map.put("norm_type", "layer_norm");
        map.put("cross_attention_dim", c.text().width());
        map.put("text_len", c.text().length());
        map.put("cross_attention_dim_t5", c.text().secondWidth());
        map.put("text_len_t5", c.text().secondLength());
        map.put("pooled_projection_dim", c.text().pooledWidth());
        map.put("use_style_cond_and_image_meta_size", c.sizeAndStyle());
        return map;
    }
}
