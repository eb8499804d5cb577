package org.dit4j.model;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.JsonFields;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.model.MmDit.HeadNorm;
import tools.jackson.databind.JsonNode;

/// The configuration files of [MmDit]: its own fields, or what diffusers' `save_pretrained` writes
/// for `SD3Transformer2DModel` (`transformer_sd3.py`).
public final class MmDitConfigs {
    private static final String FAMILY = "mm-dit";
    private static final String CLASS = "SD3Transformer2DModel";
    private static final String CONTROL_NET = "SD3ControlNetModel";

    private MmDitConfigs() {}

    /// Reads `config.json`.
    ///
    /// @throws ConfigException in one line with the file and the key
    public static MmDit.Config read(Path file) {
        return parse(JsonFile.tree(file), file);
    }

    /// Reads a configuration from a tree.
    ///
    /// @param where the file it came from, for messages
    public static MmDit.Config parse(JsonNode json, Object where) {
        var fields = new JsonFields(json, where);
        if (fields.has("_class_name")) {
            String name = fields.text("_class_name");
            ConfigException.require(
                    name.equals(CLASS), "%s: _class_name %s is not a %s", where, name, CLASS);
            MmDit.Config config = diffusers(fields, json.has("out_channels"));
            fields.noOthers();
            return config;
        }
        String family = fields.text("family");
        ConfigException.require(
                family.equals(FAMILY), "%s: family must be %s but is %s", where, FAMILY, family);
        return own(fields);
    }

    private static MmDit.Config own(JsonFields json) {
        json.has("text_len"); // of the pipeline, which pads its texts to it
        var config =
                new MmDit.Config(
                        json.integer("input_size"),
                        json.integer("patch_size"),
                        json.integer("in_channels"),
                        json.integer("out_channels"),
                        json.integer("hidden_size"),
                        json.integer("depth"),
                        json.integer("num_heads"),
                        json.integer("text_width"),
                        json.integer("pooled_width"),
                        json.integer("max_positions"),
                        norm(json.text("qk_norm")),
                        distinct(json.integers("dual_attention_layers")),
                        json.integer("position_base", 0));
        json.noOthers();
        return config;
    }

    private static HeadNorm norm(String name) {
        for (HeadNorm n : HeadNorm.values()) {
            if (name(n).equals(name)) {
                return n;
            }
        }
        throw new ConfigException(
                "qk_norm must be one of none, rms, layer, plain_layer but is " + name);
    }

    private static String name(HeadNorm norm) {
        return norm.name().toLowerCase(Locale.ROOT);
    }

    private static Set<Integer> distinct(List<Integer> layers) {
        return Set.copyOf(layers);
    }

    /// Reads the `config.json` of a ControlNet that diffusers wrote (`controlnet_sd3.py`).
    ///
    /// @throws ConfigException in one line with the file and the key; also for the networks of
    ///   single blocks without text, which there is no code for
    static MmDitControlNet.Config readControlNet(Path file) {
        JsonNode json = JsonFile.tree(file);
        var fields = new JsonFields(json, file);
        String name = fields.text("_class_name");
        ConfigException.require(
                name.equals(CONTROL_NET),
                "%s: _class_name %s is not a %s",
                file,
                name,
                CONTROL_NET);
        fields.require("pos_embed_type", "sincos");
        fields.require("use_pos_embed", true);
        ConfigException.require(
                !fields.isNull("joint_attention_dim"),
                "%s: there is no code for ControlNets without text (joint_attention_dim null)",
                file);
        var config =
                new MmDitControlNet.Config(
                        diffusers(fields, json.has("out_channels")),
                        fields.integer("extra_conditioning_channels", 0),
                        fields.flag("force_zeros_for_pooled_projection", true));
        fields.noOthers();
        return config;
    }

    /// Absent arguments have the defaults of the constructor; `out_channels` null means as many as
    /// there are inputs.
    private static MmDit.Config diffusers(JsonFields json, boolean outputsGiven) {
        json.has("_diffusers_version");
        json.has("_name_or_path");
        int heads = json.integer("num_attention_heads", 18);
        int width = heads * json.integer("attention_head_dim", 64);
        int caption = json.integer("caption_projection_dim", 1152);
        ConfigException.require(
                caption == width,
                "caption_projection_dim %d must be num_attention_heads times attention_head_dim,"
                        + " %d",
                caption,
                width);
        int channels = json.integer("in_channels", 16);
        return new MmDit.Config(
                json.integer("sample_size", 128),
                json.integer("patch_size", 2),
                channels,
                json.integer("out_channels", outputsGiven ? channels : 16),
                width,
                json.integer("num_layers", 18),
                heads,
                json.integer("joint_attention_dim", 4096),
                json.integer("pooled_projection_dim", 2048),
                json.integer("pos_embed_max_size", 96),
                diffusersNorm(json),
                json.has("dual_attention_layers")
                        ? distinct(json.integers("dual_attention_layers"))
                        : Set.of());
    }

    private static HeadNorm diffusersNorm(JsonFields json) {
        json.require("qk_norm", "rms_norm", "layer_norm", "fp32_layer_norm");
        return switch (json.text("qk_norm", "")) {
            case "rms_norm" -> HeadNorm.RMS;
            case "layer_norm" -> HeadNorm.LAYER;
            case "fp32_layer_norm" -> HeadNorm.PLAIN_LAYER;
            default -> HeadNorm.NONE;
        };
    }

    /// Returns what [#parse] reads.
    public static Map<String, Object> json(MmDit.Config c) {
        var map = new LinkedHashMap<String, Object>();
        map.put("family", FAMILY);
        map.put("input_size", c.inputSize());
        map.put("patch_size", c.patchSize());
        map.put("in_channels", c.inChannels());
        map.put("out_channels", c.outChannels());
        map.put("hidden_size", c.hiddenSize());
        map.put("depth", c.depth());
        map.put("num_heads", c.numHeads());
        map.put("text_width", c.textWidth());
        map.put("pooled_width", c.pooledWidth());
        map.put("max_positions", c.maxPositions());
        map.put("qk_norm", name(c.qkNorm()));
        map.put("dual_attention_layers", c.dualInOrder());
        if (c.positionBase() > 0) {
            map.put("position_base", c.positionBase());
        }
        return map;
    }

    /// Returns the `config.json` of diffusers, which [#parse] reads.
    static Map<String, Object> diffusersJson(MmDit.Config c) {
        var map = new LinkedHashMap<String, Object>();
        map.put("_class_name", CLASS);
        map.put("sample_size", c.inputSize());
        map.put("patch_size", c.patchSize());
        map.put("in_channels", c.inChannels());
        map.put("out_channels", c.outChannels());
        map.put("num_layers", c.depth());
        map.put("num_attention_heads", c.numHeads());
        map.put("attention_head_dim", c.hiddenSize() / c.numHeads());
        map.put("joint_attention_dim", c.textWidth());
        map.put("caption_projection_dim", c.hiddenSize());
        map.put("pooled_projection_dim", c.pooledWidth());
        map.put("pos_embed_max_size", c.maxPositions());
        map.put("dual_attention_layers", c.dualInOrder());
        switch (c.qkNorm()) {
            case RMS -> map.put("qk_norm", "rms_norm");
            case LAYER -> map.put("qk_norm", "layer_norm");
            case PLAIN_LAYER -> map.put("qk_norm", "fp32_layer_norm");
            case NONE -> {} // it is null where it is missing
        }
        return map;
    }
}
