package org.dit4j.model;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.JsonFields;
import org.dit4j.checkpoint.JsonFile;
import tools.jackson.databind.JsonNode;

/// The configuration files of [Lumina2]: arguments of the original constructor (Lumina-Image-2.0,
/// `models/model.py`) with its name, or what diffusers' `save_pretrained` writes for
/// `Lumina2Transformer2DModel` (`transformer_lumina2.py`).
public final class Lumina2Configs {
    private static final String MODEL = "Lumina-Image-2.0/NextDiT";
    private static final String CLASS = "Lumina2Transformer2DModel";
    private static final int USUAL_SIZE = 128;

    private Lumina2Configs() {}

    /// Reads `config.json`.
    ///
    /// @throws ConfigException in one line with the file and the key
    public static Lumina2.Config read(Path file) {
        return parse(JsonFile.tree(file), file);
    }

    /// Reads a configuration from a tree.
    ///
    /// @param where the file it came from, for messages
    public static Lumina2.Config parse(JsonNode json, Object where) {
        var fields = new JsonFields(json, where);
        if (fields.has("_class_name")) {
            String name = fields.text("_class_name");
            ConfigException.require(
                    name.equals(CLASS), "%s: _class_name %s is not a %s", where, name, CLASS);
            return diffusers(fields, json.has("num_kv_heads"));
        }
        String model = fields.text("model");
        ConfigException.require(
                model.equals(MODEL), "%s: model must be %s but is %s", where, MODEL, model);
        return original(fields);
    }

    /// The sizes must be there; the other arguments may take the defaults of the constructor.
    private static Lumina2.Config original(JsonFields json) {
        int heads = json.integer("n_heads");
        int channels = json.integer("in_channels", 4);
        var layers =
                new LuminaLayers(
                        json.integer("n_layers"),
                        json.integer("dim"),
                        heads,
                        json.integer("n_kv_heads", heads),
                        json.integer("multiple_of", 256),
                        json.number("ffn_dim_multiplier", 1),
                        json.number("norm_eps", 1e-5),
                        json.flag("qk_norm", false));
        var config =
                new Lumina2.Config(
                        json.integer("input_size", USUAL_SIZE),
                        json.integer("patch_size", 2),
                        channels,
                        json.integer("out_channels", channels),
                        layers,
                        json.integer("n_refiner_layers", 2),
                        json.integer("cap_feat_dim"),
                        json.integers("axes_dims"),
                        json.integers("axes_lens"));
        json.noOthers();
        return config;
    }

    /// Every argument may take the default of the constructor. The network does not use
    /// `scaling_factor`.
    ///
    /// @param kvHeads whether the key `num_kv_heads` is there, which may be null: as many as there
    ///   are heads
    private static Lumina2.Config diffusers(JsonFields json, boolean kvHeads) {
        json.has("_diffusers_version");
        json.has("_name_or_path");
        json.number("scaling_factor", 1);
        int heads = json.integer("num_attention_heads", 24);
        int channels = json.integer("in_channels", 16);
        var layers =
                new LuminaLayers(
                        json.integer("num_layers", 26),
                        json.integer("hidden_size", 2304),
                        heads,
                        json.integer("num_kv_heads", kvHeads ? heads : 8),
                        json.integer("multiple_of", 256),
                        json.number("ffn_dim_multiplier", 1),
                        json.number("norm_eps", 1e-5),
                        true);
        var config =
                new Lumina2.Config(
                        json.integer("sample_size", USUAL_SIZE),
                        json.integer("patch_size", 2),
                        channels,
                        json.integer("out_channels", channels),
                        layers,
                        json.integer("num_refiner_layers", 2),
                        json.integer("cap_feat_dim", 1024),
                        json.has("axes_dim_rope")
                                ? json.integers("axes_dim_rope")
                                : List.of(32, 32, 32),
                        json.has("axes_lens")
                                ? json.integers("axes_lens")
                                : List.of(300, 512, 512));
        json.noOthers();
        return config;
    }

    /// Returns what [#parse] reads; the names of the original code where it has one.
    public static Map<String, Object> json(Lumina2.Config c) {
        LuminaLayers layers = c.layers();
        var map = new LinkedHashMap<String, Object>();
        map.put("model", MODEL);
        map.put("input_size", c.inputSize());
        map.put("patch_size", c.patchSize());
        map.put("in_channels", c.inChannels());
        map.put("out_channels", c.outChannels());
        map.put("dim", layers.dim());
        map.put("n_layers", layers.count());
        map.put("n_refiner_layers", c.refiners());
        map.put("n_heads", layers.heads());
        map.put("n_kv_heads", layers.kvHeads());
        map.put("multiple_of", layers.multipleOf());
        map.put("ffn_dim_multiplier", layers.ffnMultiplier());
        map.put("norm_eps", layers.normEps());
        map.put("qk_norm", layers.qkNorm());
        map.put("cap_feat_dim", c.textWidth());
        map.put("axes_dims", c.axes());
        map.put("axes_lens", c.positions());
        return map;
    }

    /// Returns the `config.json` of diffusers, which [#parse] reads.
    static Map<String, Object> diffusersJson(Lumina2.Config c) {
        LuminaLayers layers = c.layers();
        var map = new LinkedHashMap<String, Object>();
        map.put("_class_name", CLASS);
        map.put("sample_size", c.inputSize());
        map.put("patch_size", c.patchSize());
        map.put("in_channels", c.inChannels());
        map.put("out_channels", c.outChannels());
        map.put("hidden_size", layers.dim());
        map.put("num_layers", layers.count());
        map.put("num_attention_heads", layers.heads());
        map.put("num_kv_heads", layers.kvHeads());
        map.put("multiple_of", layers.multipleOf());
        map.put("ffn_dim_multiplier", layers.ffnMultiplier());
        map.put("norm_eps", layers.normEps());
        map.put("num_refiner_layers", c.refiners());
        map.put("cap_feat_dim", c.textWidth());
        map.put("axes_dim_rope", c.axes());
        map.put("axes_lens", c.positions());
        return map;
    }
}
