package org.dit4j.model;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.JsonFields;
import org.dit4j.checkpoint.JsonFile;
import tools.jackson.databind.JsonNode;

/// The configuration files of [StableAudio]: what diffusers' `save_pretrained` writes for
/// `StableAudioDiTModel` (`stable_audio_transformer.py`).
public final class StableAudioConfigs {
    private static final String CLASS = "StableAudioDiTModel";

    private StableAudioConfigs() {}

    /// Reads `config.json`.
    ///
    /// @throws ConfigException in one line with the file and the key
    public static StableAudio.Config read(Path file) {
        return parse(JsonFile.tree(file), file);
    }

    /// Reads a configuration from a tree. Absent arguments have the defaults of the constructor.
    ///
    /// @param where the file it came from, for messages
    public static StableAudio.Config parse(JsonNode json, Object where) {
        var fields = new JsonFields(json, where);
        String name = fields.text("_class_name");
        ConfigException.require(
                name.equals(CLASS), "%s: _class_name must be %s but is %s", where, CLASS, name);
        fields.ignore("_diffusers_version", "_name_or_path");
        var config =
                new StableAudio.Config(
                        length(fields, where),
                        fields.integer("in_channels", 64),
                        fields.integer("out_channels", 64),
                        fields.integer("attention_head_dim", 64),
                        fields.integer("num_attention_heads", 24),
                        fields.integer("num_key_value_attention_heads", 12),
                        fields.integer("num_layers", 24),
                        fields.integer("cross_attention_input_dim", 768),
                        fields.integer("cross_attention_dim", 768),
                        fields.integer("global_states_input_dim", 1536),
                        fields.integer("time_proj_dim", 256));
        fields.noOthers();
        return config;
    }

    /// The script that converts the original checkpoint writes a quotient, such as 1024.0.
    private static int length(JsonFields fields, Object where) {
        double length = fields.number("sample_size", 1024);
        ConfigException.require(
                length == (int) length,
                "%s: sample_size must be a whole number but is %s",
                where,
                length);
        return (int) length;
    }

    /// Returns what [#parse] reads.
    public static Map<String, Object> json(StableAudio.Config c) {
        var map = new LinkedHashMap<String, Object>();
        map.put("_class_name", CLASS);
        map.put("sample_size", c.length());
        map.put("in_channels", c.inChannels());
        map.put("out_channels", c.outChannels());
        map.put("attention_head_dim", c.headWidth());
        map.put("num_attention_heads", c.numHeads());
        map.put("num_key_value_attention_heads", c.numKvHeads());
        map.put("num_layers", c.depth());
        map.put("cross_attention_input_dim", c.textWidth());
        map.put("cross_attention_dim", c.crossWidth());
        map.put("global_states_input_dim", c.globalWidth());
        map.put("time_proj_dim", c.timeWidth());
        return map;
    }
}
