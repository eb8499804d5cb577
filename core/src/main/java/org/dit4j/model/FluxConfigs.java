package org.dit4j.model;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.JsonFields;
import org.dit4j.checkpoint.JsonFile;
import tools.jackson.databind.JsonNode;

/// The configuration files of [Flux]: the fields of the original `FluxParams`
/// (black-forest-labs/flux, `model.py`) with the family's name, or what diffusers'
/// `save_pretrained` writes for `FluxTransformer2DModel` (`transformer_flux.py`).
public final class FluxConfigs {
    private static final String FAMILY = "flux";
    private static final String CLASS = "FluxTransformer2DModel";

    private FluxConfigs() {}

    /// Reads `config.json`.
    ///
    /// @throws ConfigException in one line with the file and the key
    public static Flux.Config read(Path file) {
        return parse(JsonFile.tree(file), file);
    }

    /// Reads a configuration from a tree.
    ///
    /// @param where the file it came from, for messages
    public static Flux.Config parse(JsonNode json, Object where) {
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
        return own(fields);
    }

    private static Flux.Config own(JsonFields json) {
        var config =
                new Flux.Config(
                        json.integer("in_channels"),
                        json.integer("out_channels"),
                        json.integer("hidden_size"),
                        json.integer("depth"),
                        json.integer("depth_single_blocks"),
                        json.integer("num_heads"),
                        json.integer("context_in_dim"),
                        json.integer("vec_in_dim"),
                        json.integers("axes_dim"),
                        json.flag("guidance_embed"));
        json.noOthers();
        return config;
    }

    /// Absent arguments have the defaults of the constructor. `patch_size` only widens the output.
    private static Flux.Config diffusers(JsonFields json) {
        json.ignore("_diffusers_version", "_name_or_path");
        int channels = json.integer("in_channels", 64);
        int patch = json.integer("patch_size", 1);
        int heads = json.integer("num_attention_heads", 24);
        var config =
                new Flux.Config(
                        channels,
                        patch * patch * json.integer("out_channels", channels),
                        heads * json.integer("attention_head_dim", 128),
                        json.integer("num_layers", 19),
                        json.integer("num_single_layers", 38),
                        heads,
                        json.integer("joint_attention_dim", 4096),
                        json.integer("pooled_projection_dim", 768),
                        json.has("axes_dims_rope")
                                ? json.integers("axes_dims_rope")
                                : FluxPresets.AXES,
                        json.flag("guidance_embeds", false));
        json.noOthers();
        return config;
    }

    /// Returns what [#parse] reads.
    public static Map<String, Object> json(Flux.Config c) {
        var map = new LinkedHashMap<String, Object>();
        map.put("family", FAMILY);
        map.put("in_channels", c.inChannels());
        map.put("out_channels", c.outChannels());
        map.put("vec_in_dim", c.pooledWidth());
        map.put("context_in_dim", c.textWidth());
        map.put("hidden_size", c.hiddenSize());
        map.put("num_heads", c.numHeads());
        map.put("depth", c.depth());
        map.put("depth_single_blocks", c.singleDepth());
        map.put("axes_dim", c.axes());
        map.put("guidance_embed", c.guidance());
        return map;
    }

    /// Returns the `config.json` of diffusers, which [#parse] reads.
    static Map<String, Object> diffusersJson(Flux.Config c) {
        var map = new LinkedHashMap<String, Object>();
        map.put("_class_name", CLASS);
        map.put("patch_size", 1);
        map.put("in_channels", c.inChannels());
        map.put("out_channels", c.outChannels());
        map.put("num_layers", c.depth());
        map.put("num_single_layers", c.singleDepth());
        map.put("num_attention_heads", c.numHeads());
        map.put("attention_head_dim", c.hiddenSize() / c.numHeads());
        map.put("joint_attention_dim", c.textWidth());
        map.put("pooled_projection_dim", c.pooledWidth());
        map.put("guidance_embeds", c.guidance());
        map.put("axes_dims_rope", c.axes());
        return map;
    }
}
