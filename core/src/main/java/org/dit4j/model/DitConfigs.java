package org.dit4j.model;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.JsonFields;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.model.Dit.BlockType;
import org.dit4j.model.Dit.Variant;
import tools.jackson.databind.JsonNode;

/// The configuration files of DiT and SiT: arguments of the original constructor, or what
/// diffusers' `save_pretrained` writes.
public final class DitConfigs {
    /// What diffusers' label embedding always has (`CombinedTimestepLabelEmbeddings` in
    /// `models/embeddings.py`), and so a row for "no class".
    static final double DIFFUSERS_DROPOUT = 0.1;

    private DitConfigs() {}

    /// Reads `config.json`.
    ///
    /// @throws ConfigException in one line with the file and the key
    public static Dit.Config read(Path file) {
        return parse(JsonFile.tree(file), file);
    }

    /// Reads a configuration from a tree.
    ///
    /// @param where the file it came from, for messages
    public static Dit.Config parse(JsonNode json, Object where) {
        var fields = new JsonFields(json, where);
        return switch (fields.text("_class_name", "")) {
            case "DiTTransformer2DModel" -> diffusers(fields, 1);
            case "Transformer2DModel" ->
                    diffusers(
                            fields,
                            fields.number(
                                    "interpolation_scale",
                                    Math.max(fields.integer("sample_size") / 64, 1)));
            case "" -> original(fields);
            case String other ->
                    throw new ConfigException(
                            "%s: _class_name %s is not a DiT".formatted(where, other));
        };
    }

    /// Arguments of `models.DiT` or `models.SiT`. Besides them: `family` (`dit` or `sit`), `model`
    /// (a preset such as `DiT-XL/2`, whose numbers other keys replace), and the fields of
    /// [Variant].
    private static Dit.Config original(JsonFields json) {
        String model = json.text("model", "custom");
        boolean sit =
                switch (json.text("family", model.startsWith("SiT") ? "sit" : "dit")) {
                    case "dit" -> false;
                    case "sit" -> true;
                    case String other ->
                            throw new ConfigException("family must be dit or sit but is " + other);
                };
        Variant variant = sit ? Variant.SIT : Variant.ORIGINAL;
        var config =
                model.equals("custom")
                        ? custom(json, variant)
                        : preset(model.replaceFirst("^SiT", "DiT"), json, variant);
        json.noOthers();
        return config;
    }

    private static Dit.Config custom(JsonFields json, Variant variant) {
        return new Dit.Config(
                json.integer("input_size"),
                json.integer("patch_size"),
                json.integer("in_channels", 4),
                json.integer("hidden_size"),
                json.integer("depth"),
                json.integer("num_heads"),
                json.number("mlp_ratio", 4),
                json.number("class_dropout_prob", 0.1),
                json.integer("num_classes", 1000),
                json.flag("learn_sigma", true),
                variant(json, variant));
    }

    private static Dit.Config preset(String name, JsonFields json, Variant variant) {
        Dit.Config p = DitPresets.of(name, json.integer("input_size", 32));
        return new Dit.Config(
                p.inputSize(),
                json.integer("patch_size", p.patchSize()),
                json.integer("in_channels", p.inChannels()),
                json.integer("hidden_size", p.hiddenSize()),
                json.integer("depth", p.depth()),
                json.integer("num_heads", p.numHeads()),
                json.number("mlp_ratio", p.mlpRatio()),
                json.number("class_dropout_prob", p.classDropoutProb()),
                json.integer("num_classes", p.numClasses()),
                json.flag("learn_sigma", p.learnSigma()),
                variant(json, variant));
    }

    private static Variant variant(JsonFields json, Variant base) {
        return new Variant(
                block(json.text("block", "adaln_zero")),
                json.flag("qk_norm", base.qkNorm()),
                json.integer("timestep_shift", base.timestepShift()),
                json.number("mlp_norm_eps", base.mlpNormEps()),
                json.flag("per_block_embedders", base.perBlockEmbedders()),
                base.dropSigma(),
                json.number("position_scale", base.positionScale()));
    }

    private static BlockType block(String name) {
        for (BlockType type : BlockType.values()) {
            if (name(type).equals(name)) {
                return type;
            }
        }
        throw new ConfigException(
                "block must be one of in_context, cross_attention, adaln, adaln_zero but is "
                        + name);
    }

    private static String name(BlockType type) {
        return type.name().toLowerCase(Locale.ROOT);
    }

    /// diffusers, `models/transformers/dit_transformer_2d.py` and `transformer_2d.py`.
    private static Dit.Config diffusers(JsonFields json, double positionScale) {
        json.require("norm_type", "ada_norm_zero");
        json.require("activation_fn", "gelu-approximate");
        json.require("attention_bias", true);
        json.require("norm_elementwise_affine", false);
        int heads = json.integer("num_attention_heads", 16);
        int channels = json.integer("in_channels", 4);
        int outputs = json.integer("out_channels", channels);
        ConfigException.require(
                outputs == channels || outputs == 2 * channels,
                "out_channels must be in_channels or twice as many but are %d for %d",
                outputs,
                channels);
        Variant d = Variant.DIFFUSERS;
        return new Dit.Config(
                json.integer("sample_size", 32),
                json.integer("patch_size", 2),
                channels,
                heads * json.integer("attention_head_dim", 72),
                json.integer("num_layers", 28),
                heads,
                4,
                DIFFUSERS_DROPOUT,
                json.integer("num_embeds_ada_norm", 1000),
                outputs == 2 * channels,
                new Variant(
                        d.block(),
                        d.qkNorm(),
                        d.timestepShift(),
                        json.number("norm_eps", d.mlpNormEps()),
                        d.perBlockEmbedders(),
                        d.dropSigma(),
                        positionScale));
    }

    /// Returns what [#parse] reads: the arguments of the original constructor, then what differs
    /// from the original network.
    public static Map<String, Object> json(Dit.Config c) {
        var map = new LinkedHashMap<String, Object>();
        Variant v = c.variant();
        Variant base = v.dropSigma() ? Variant.SIT : Variant.ORIGINAL;
        map.put("family", v.dropSigma() ? "sit" : "dit");
        map.put("input_size", c.inputSize());
        map.put("patch_size", c.patchSize());
        map.put("in_channels", c.inChannels());
        map.put("hidden_size", c.hiddenSize());
        map.put("depth", c.depth());
        map.put("num_heads", c.numHeads());
        map.put("mlp_ratio", c.mlpRatio());
        map.put("class_dropout_prob", c.classDropoutProb());
        map.put("num_classes", c.numClasses());
        map.put("learn_sigma", c.learnSigma());
        putUnless(map, "block", name(v.block()), name(base.block()));
        putUnless(map, "qk_norm", v.qkNorm(), base.qkNorm());
        putUnless(map, "timestep_shift", v.timestepShift(), base.timestepShift());
        putUnless(map, "mlp_norm_eps", v.mlpNormEps(), base.mlpNormEps());
        putUnless(map, "per_block_embedders", v.perBlockEmbedders(), base.perBlockEmbedders());
        putUnless(map, "position_scale", v.positionScale(), base.positionScale());
        return map;
    }

    /// Returns the arguments of diffusers' `DiTTransformer2DModel`, as its `config.json` has them.
    public static Map<String, Object> diffusersJson(Dit.Config c) {
        var map = new LinkedHashMap<String, Object>();
        double scale = c.variant().positionScale();
        map.put("_class_name", scale == 1 ? "DiTTransformer2DModel" : "Transformer2DModel");
        map.put("_diffusers_version", "0.30.0");
        map.put("activation_fn", "gelu-approximate");
        map.put("attention_bias", true);
        map.put("attention_head_dim", c.hiddenSize() / c.numHeads());
        map.put("dropout", 0.0);
        map.put("in_channels", c.inChannels());
        map.put("norm_elementwise_affine", false);
        map.put("norm_eps", c.variant().mlpNormEps());
        map.put("norm_num_groups", 32);
        map.put("norm_type", "ada_norm_zero");
        map.put("num_attention_heads", c.numHeads());
        map.put("num_embeds_ada_norm", c.numClasses());
        map.put("num_layers", c.depth());
        map.put("out_channels", c.outChannels());
        map.put("patch_size", c.patchSize());
        map.put("sample_size", c.inputSize());
        map.put("upcast_attention", false);
        if (scale != 1) {
            map.put("interpolation_scale", scale);
        }
        return map;
    }

    /// Returns the same configuration with another probability that training drops the label.
    static Dit.Config withDropout(Dit.Config c, double probability) {
        return new Dit.Config(
                c.inputSize(),
                c.patchSize(),
                c.inChannels(),
                c.hiddenSize(),
                c.depth(),
                c.numHeads(),
                c.mlpRatio(),
                probability,
                c.numClasses(),
                c.learnSigma(),
                c.variant());
    }

    /// Returns the variant that diffusers makes of the weights of `v`.
    static Variant asDiffusers(Variant v) {
        Variant d = Variant.DIFFUSERS;
        return new Variant(
                v.block(),
                v.qkNorm(),
                d.timestepShift(),
                v.mlpNormEps(),
                true,
                v.dropSigma(),
                v.positionScale());
    }

    /// Returns `v` with one time and class embedding for all blocks.
    static Variant asOriginal(Variant v) {
        return new Variant(
                v.block(),
                v.qkNorm(),
                v.timestepShift(),
                v.mlpNormEps(),
                false,
                v.dropSigma(),
                v.positionScale());
    }

    private static void putUnless(Map<String, Object> map, String key, Object value, Object usual) {
        if (!value.equals(usual)) {
            map.put(key, value);
        }
    }
}
