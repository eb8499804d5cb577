package org.dit4j.model;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.JsonFields;
import org.dit4j.checkpoint.JsonFile;
import tools.jackson.databind.JsonNode;

/// The configuration files of [LatteText]: what diffusers' `save_pretrained` writes for
/// `LatteTransformer3DModel` (`latte_transformer_3d.py`).
public final class LatteTextConfigs {
    private static final String CLASS = "LatteTransformer3DModel";
    private static final String NORM = "ada_norm_single";
    private static final String ACTIVATION = "gelu-approximate";

    private LatteTextConfigs() {}

    /// Reads `config.json`.
    ///
    /// @throws ConfigException in one line with the file and the key
    public static LatteText.Config read(Path file) {
        return parse(JsonFile.tree(file), file);
    }

    /// Reads a configuration from a tree. Absent arguments have the defaults of the constructor; of
    /// norms and activations, whose defaults are not those of Latte, only Latte's are built.
    ///
    /// @param where the file it came from, for messages
    public static LatteText.Config parse(JsonNode json, Object where) {
        var fields = new JsonFields(json, where);
        for (String[] only :
                new String[][] {
                    {"_class_name", CLASS}, {"norm_type", NORM}, {"activation_fn", ACTIVATION}
                }) {
            String given = fields.text(only[0]);
            ConfigException.require(
                    given.equals(only[1]),
                    "%s: %s must be %s but is %s",
                    where,
                    only[0],
                    only[1],
                    given);
        }
        fields.ignore("_diffusers_version", "_name_or_path", "dropout", "num_embeds_ada_norm");
        LatteText.Config config = config(fields);
        int cross = fields.integer("cross_attention_dim");
        ConfigException.require(
                cross == config.hiddenSize(),
                "%s: cross_attention_dim must be num_attention_heads times attention_head_dim, %d,"
                        + " but is %d",
                where,
                config.hiddenSize(),
                cross);
        fields.noOthers();
        return config;
    }

    private static LatteText.Config config(JsonFields json) {
        int heads = json.integer("num_attention_heads", 16);
        int channels = json.integer("in_channels");
        return new LatteText.Config(
                json.integer("sample_size", 64),
                json.integer("patch_size"),
                channels,
                json.integer("out_channels", channels),
                heads * json.integer("attention_head_dim", 88),
                json.integer("num_layers", 1),
                heads,
                json.integer("caption_channels"),
                json.integer("video_length", 16),
                json.flag("attention_bias", false),
                json.flag("norm_elementwise_affine", true),
                json.number("norm_eps", 1e-5));
    }

    /// Returns what [#parse] reads.
    public static Map<String, Object> json(LatteText.Config c) {
        var map = new LinkedHashMap<String, Object>();
        map.put("_class_name", CLASS);
        map.put("activation_fn", ACTIVATION);
        map.put("norm_type", NORM);
        map.put("sample_size", c.inputSize());
        map.put("patch_size", c.patchSize());
        map.put("in_channels", c.inChannels());
        map.put("out_channels", c.outChannels());
        map.put("num_attention_heads", c.numHeads());
        map.put("attention_head_dim", c.hiddenSize() / c.numHeads());
        map.put("cross_attention_dim", c.hiddenSize());
        map.put("num_layers", c.depth());
        map.put("caption_channels", c.textWidth());
        map.put("video_length", c.numFrames());
        map.put("attention_bias", c.attentionBias());
        map.put("norm_elementwise_affine", c.affineNorms());
        map.put("norm_eps", c.normEps());
        return map;
    }
}
