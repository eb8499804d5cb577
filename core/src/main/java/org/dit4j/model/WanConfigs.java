package org.dit4j.model;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.JsonFields;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.nn.VideoPatch;
import tools.jackson.databind.JsonNode;

/// The configuration files of [Wan]: those of the original code, class `WanModel`
/// (Wan-Video/Wan2.1, `wan/modules/model.py`), or what diffusers' `save_pretrained` writes for
/// `WanTransformer3DModel` (`transformer_wan.py`).
public final class WanConfigs {
    private static final String MODEL = "WanModel";
    private static final String CLASS = "WanTransformer3DModel";
    private static final int POSITIONS = 1024;
    private static final int CLIP_WIDTH = 1280;
    private static final int CLIP_TOKENS = 257;

    private WanConfigs() {}

    /// Reads `config.json`.
    ///
    /// @throws ConfigException in one line with the file and the key
    public static Wan.Config read(Path file) {
        return parse(JsonFile.tree(file), file);
    }

    /// Reads a configuration from a tree.
    ///
    /// @param where the file it came from, for messages
    public static Wan.Config parse(JsonNode json, Object where) {
        var fields = new JsonFields(json, where);
        String name = fields.text("_class_name");
        ConfigException.require(
                name.equals(CLASS) || name.equals(MODEL),
                "%s: _class_name %s is neither %s nor %s",
                where,
                name,
                CLASS,
                MODEL);
        fields.ignore("_diffusers_version", "_name_or_path");
        return name.equals(CLASS) ? diffusers(fields, where) : original(fields);
    }

    /// Absent arguments have the defaults of the constructor, except that sizes must be there.
    private static Wan.Config original(JsonFields json) {
        json.require("model_type", "t2v", "i2v", "flf2v", "ti2v");
        json.require("qk_norm", true);
        json.ignore("text_len", "window_size");
        String type = json.text("model_type", "t2v");
        boolean image = type.equals("i2v") || type.equals("flf2v");
        var config =
                new Wan.Config(
                        patch(json),
                        json.integer("in_dim", 16),
                        json.integer("out_dim", 16),
                        json.integer("dim"),
                        json.integer("num_layers"),
                        json.integer("num_heads"),
                        json.integer("ffn_dim"),
                        json.integer("freq_dim", 256),
                        json.integer("text_dim", 4096),
                        image ? CLIP_WIDTH : 0,
                        type.equals("flf2v") ? 2 * CLIP_TOKENS : 0,
                        POSITIONS,
                        json.flag("cross_attn_norm", true),
                        json.number("eps", 1e-6));
        json.noOthers();
        return config;
    }

    /// Absent arguments have the defaults of the constructor; those of the image may be null. The
    /// network always norms queries and keys over all heads, whatever `qk_norm` says.
    private static Wan.Config diffusers(JsonFields json, Object where) {
        json.require("qk_norm", "rms_norm_across_heads");
        int heads = json.integer("num_attention_heads", 40);
        int width = heads * json.integer("attention_head_dim", 128);
        int image = json.integer("image_dim", 0);
        int added = json.integer("added_kv_proj_dim", 0);
        ConfigException.require(
                added == (image > 0 ? width : 0),
                "%s: added_kv_proj_dim must be %s where image_dim is %s but is %d",
                where,
                image > 0 ? width : "null",
                image > 0 ? image : "null",
                added);
        var config =
                new Wan.Config(
                        patch(json),
                        json.integer("in_channels", 16),
                        outputs(json),
                        width,
                        json.integer("num_layers", 40),
                        heads,
                        json.integer("ffn_dim", 13824),
                        json.integer("freq_dim", 256),
                        json.integer("text_dim", 4096),
                        image,
                        image > 0 ? json.integer("pos_embed_seq_len", 0) : noPositions(json),
                        json.integer("rope_max_seq_len", POSITIONS),
                        json.flag("cross_attn_norm", true),
                        json.number("eps", 1e-6));
        json.noOthers();
        return config;
    }

    /// Null means as many as there are inputs.
    private static int outputs(JsonFields json) {
        return json.isNull("out_channels")
                ? json.integer("in_channels", 16)
                : json.integer("out_channels", 16);
    }

    /// Positions of an image that the network does not take are not built.
    private static int noPositions(JsonFields json) {
        json.ignore("pos_embed_seq_len");
        return 0;
    }

    private static VideoPatch patch(JsonFields json) {
        List<Integer> sides =
                json.has("patch_size") ? json.integers("patch_size") : List.of(1, 2, 2);
        ConfigException.require(
                sides.size() == 3, "patch_size must be three whole numbers but is %s", sides);
        return new VideoPatch(sides.get(0), sides.get(1), sides.get(2));
    }

    /// Returns what [#parse] reads, under the names of diffusers, which can say everything.
    public static Map<String, Object> json(Wan.Config c) {
        var map = new LinkedHashMap<String, Object>();
        map.put("_class_name", CLASS);
        map.put("patch_size", List.of(c.patch().frames(), c.patch().height(), c.patch().width()));
        map.put("num_attention_heads", c.numHeads());
        map.put("attention_head_dim", c.hiddenSize() / c.numHeads());
        map.put("in_channels", c.inChannels());
        map.put("out_channels", c.outChannels());
        map.put("text_dim", c.textWidth());
        map.put("freq_dim", c.frequencies());
        map.put("ffn_dim", c.ffnWidth());
        map.put("num_layers", c.depth());
        map.put("cross_attn_norm", c.crossNorm());
        map.put("qk_norm", "rms_norm_across_heads");
        map.put("eps", c.eps());
        if (c.imageWidth() > 0) {
            map.put("image_dim", c.imageWidth());
            map.put("added_kv_proj_dim", c.hiddenSize());
            map.put("pos_embed_seq_len", c.imagePositions());
        }
        map.put("rope_max_seq_len", c.maxPositions());
        return map;
    }

    /// Returns the `config.json` of the original code, which [#parse] reads.
    ///
    /// @throws ConfigException if that has no such network
    static Map<String, Object> originalJson(Wan.Config c) {
        boolean image = c.imageWidth() > 0;
        var map = new LinkedHashMap<String, Object>();
        map.put("_class_name", MODEL);
        map.put("model_type", !image ? "t2v" : c.imagePositions() > 0 ? "flf2v" : "i2v");
        map.put("patch_size", List.of(c.patch().frames(), c.patch().height(), c.patch().width()));
        map.put("in_dim", c.inChannels());
        map.put("out_dim", c.outChannels());
        map.put("dim", c.hiddenSize());
        map.put("ffn_dim", c.ffnWidth());
        map.put("freq_dim", c.frequencies());
        map.put("text_dim", c.textWidth());
        map.put("num_heads", c.numHeads());
        map.put("num_layers", c.depth());
        map.put("qk_norm", true);
        map.put("cross_attn_norm", c.crossNorm());
        map.put("eps", c.eps());
        return map;
    }

    /// Returns what the original code makes of a network: it has 1024 positions of each axis, and
    /// the first of them are the same.
    static Wan.Config inOriginal(Wan.Config c) {
        return new Wan.Config(
                c.patch(),
                c.inChannels(),
                c.outChannels(),
                c.hiddenSize(),
                c.depth(),
                c.numHeads(),
                c.ffnWidth(),
                c.frequencies(),
                c.textWidth(),
                c.imageWidth(),
                c.imagePositions(),
                Math.max(c.maxPositions(), POSITIONS),
                c.crossNorm(),
                c.eps());
    }
}
