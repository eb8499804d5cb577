package org.dit4j.model;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.JsonFields;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.model.CogVideoXConfig.Positions;
import org.dit4j.nn.VideoPatch;
import tools.jackson.databind.JsonNode;

/// The configuration files of [CogVideoX]: what diffusers' `save_pretrained` writes for
/// `CogVideoXTransformer3DModel` (`cogvideox_transformer_3d.py`).
public final class CogVideoXConfigs {
    private static final String CLASS = "CogVideoXTransformer3DModel";

    private CogVideoXConfigs() {}

    /// Reads `config.json`.
    ///
    /// @throws ConfigException in one line with the file and the key
    public static CogVideoXConfig read(Path file) {
        return parse(JsonFile.tree(file), file);
    }

    /// Reads a configuration from a tree; absent arguments have the defaults of the constructor.
    ///
    /// @param where the file it came from, for messages
    public static CogVideoXConfig parse(JsonNode json, Object where) {
        var fields = new JsonFields(json, where);
        String name = fields.text("_class_name");
        ConfigException.require(
                name.equals(CLASS), "%s: _class_name %s is not a %s", where, name, CLASS);
        fields.require("activation_fn", "gelu-approximate");
        fields.require("timestep_activation_fn", "silu");
        fields.require("flip_sin_to_cos", true);
        fields.require("freq_shift", 0);
        fields.ignore("_diffusers_version", "_name_or_path", "dropout");
        CogVideoXConfig config = config(fields);
        fields.noOthers();
        return config;
    }

    private static CogVideoXConfig config(JsonFields json) {
        int p = json.integer("patch_size", 2);
        int ratio = json.integer("temporal_compression_ratio", 4);
        int frames = json.integer("sample_frames", 49);
        ConfigException.require(
                ratio > 0 && frames > 0,
                "temporal_compression_ratio and sample_frames must be positive but are %d and %d",
                ratio,
                frames);
        return new CogVideoXConfig(
                new VideoPatch(json.integer("patch_size_t", 1), p, p),
                json.has("patch_size_t"),
                json.flag("patch_bias", true),
                json.integer("in_channels", 16),
                json.integer("out_channels", 16),
                json.integer("num_attention_heads", 30),
                json.integer("attention_head_dim", 64),
                json.integer("num_layers", 30),
                json.integer("time_embed_dim", 512),
                json.integer("ofs_embed_dim", 0),
                json.integer("text_embed_dim", 4096),
                json.integer("max_text_seq_length", 226),
                (frames - 1) / ratio + 1,
                json.integer("sample_height", 60),
                json.integer("sample_width", 90),
                json.number("spatial_interpolation_scale", 1.875),
                json.number("temporal_interpolation_scale", 1),
                positions(json),
                json.flag("attention_bias", true),
                json.flag("norm_elementwise_affine", true),
                json.number("norm_eps", 1e-5));
    }

    private static Positions positions(JsonFields json) {
        boolean rotary = json.flag("use_rotary_positional_embeddings", false);
        boolean learned = json.flag("use_learned_positional_embeddings", false);
        ConfigException.require(
                rotary || !learned,
                "use_learned_positional_embeddings needs use_rotary_positional_embeddings");
        return learned ? Positions.ROTARY_LEARNED : rotary ? Positions.ROTARY : Positions.SIN_COS;
    }

    /// Returns what [#parse] reads.
    public static Map<String, Object> json(CogVideoXConfig c) {
        var map = new LinkedHashMap<String, Object>();
        map.put("_class_name", CLASS);
        map.put("patch_size", c.patch().height());
        if (c.patchOverTime()) {
            map.put("patch_size_t", c.patch().frames());
        }
        map.put("patch_bias", c.patchBias());
        map.put("in_channels", c.inChannels());
        map.put("out_channels", c.outChannels());
        map.put("num_attention_heads", c.numHeads());
        map.put("attention_head_dim", c.headWidth());
        map.put("num_layers", c.depth());
        map.put("time_embed_dim", c.timeWidth());
        if (c.offsetWidth() > 0) {
            map.put("ofs_embed_dim", c.offsetWidth());
        }
        map.put("text_embed_dim", c.textWidth());
        map.put("max_text_seq_length", c.textLength());
        map.put("temporal_compression_ratio", 1);
        map.put("sample_frames", c.frames());
        map.put("sample_height", c.height());
        map.put("sample_width", c.width());
        map.put("spatial_interpolation_scale", c.spatialScale());
        map.put("temporal_interpolation_scale", c.temporalScale());
        map.put("use_rotary_positional_embeddings", c.positions().isRotary());
        map.put("use_learned_positional_embeddings", c.positions() == Positions.ROTARY_LEARNED);
        map.put("attention_bias", c.attentionBias());
        map.put("norm_elementwise_affine", c.affineNorms());
        map.put("norm_eps", c.normEps());
        return map;
    }
}
