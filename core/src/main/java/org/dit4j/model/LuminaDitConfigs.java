package org.dit4j.model;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.JsonFields;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.model.LuminaDit.Conditioning;
import org.dit4j.model.LuminaDit.Generation;
import org.dit4j.nn.RotaryScaling;
import tools.jackson.databind.JsonNode;

/// The configuration files of [LuminaDit]: arguments of the original constructors (Lumina-T2X,
/// `models/model.py`) with the class they are of, or what diffusers' `save_pretrained` writes for
/// `LuminaNextDiT2DModel` (`lumina_nextdit2d.py`).
public final class LuminaDitConfigs {
    private static final String CLASS = "LuminaNextDiT2DModel";

    /// Latents of 1024 pixels: what text-conditional networks without another word were trained
    /// with.
    private static final int USUAL_SIZE = 128;

    /// A class of the original code, by its folder.
    private enum Original {
        FLAG_CLASSES("Flag-DiT-ImageNet/DiT_Llama", Generation.FLAG, false),
        FLAG_CAPTIONS("lumina_t2i/DiT_Llama", Generation.FLAG, true),
        NEXT_CLASSES("Next-DiT-ImageNet/DiT_Llama", Generation.NEXT, false),
        NEXT_CAPTIONS("lumina_next_t2i/NextDiT", Generation.NEXT, true),
        NEXT_CAPTIONS_MINI("lumina_next_t2i_mini/NextDiT", Generation.NEXT, true);

        private final String model;
        private final Generation generation;
        private final boolean captions;

        Original(String model, Generation generation, boolean captions) {
            this.model = model;
            this.generation = generation;
            this.captions = captions;
        }

        static Original named(String name, Object where) {
            for (Original o : values()) {
                if (o.model.equals(name)) {
                    return o;
                }
            }
            throw new ConfigException(
                    "%s: model %s is not a Flag-DiT or Next-DiT".formatted(where, name));
        }

        static Original of(LuminaDit.Config c) {
            boolean captions = c.conditioning() instanceof Conditioning.Captions;
            return switch (c.generation()) {
                case FLAG -> captions ? FLAG_CAPTIONS : FLAG_CLASSES;
                case NEXT -> captions ? NEXT_CAPTIONS : NEXT_CLASSES;
            };
        }
    }

    private LuminaDitConfigs() {}

    /// Reads `config.json`.
    ///
    /// @throws ConfigException in one line with the file and the key
    public static LuminaDit.Config read(Path file) {
        return parse(JsonFile.tree(file), file);
    }

    /// Reads a configuration from a tree.
    ///
    /// @param where the file it came from, for messages
    public static LuminaDit.Config parse(JsonNode json, Object where) {
        var fields = new JsonFields(json, where);
        if (!fields.has("_class_name")) {
            return original(fields, Original.named(fields.text("model"), where));
        }
        String name = fields.text("_class_name");
        ConfigException.require(
                name.equals(CLASS), "%s: _class_name %s is not a %s", where, name, CLASS);
        return diffusers(fields);
    }

    /// The sizes must be there; the other arguments may take the defaults of the constructor.
    private static LuminaDit.Config original(JsonFields json, Original o) {
        int heads = json.integer("n_heads");
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
                new LuminaDit.Config(
                        o.generation,
                        o.captions ? captions(json) : classes(json),
                        o.captions
                                ? json.integer("input_size", USUAL_SIZE)
                                : json.integer("input_size"),
                        json.integer("patch_size", 2),
                        json.integer("in_channels", 4),
                        layers,
                        json.flag("learn_sigma", true),
                        json.flag("drop_sigma", true),
                        scaling(json, o));
        json.noOthers();
        return config;
    }

    private static Conditioning captions(JsonFields json) {
        return new Conditioning.Captions(
                json.integer("cap_feat_dim"), json.flag("own_text_queries", false));
    }

    private static Conditioning classes(JsonFields json) {
        return new Conditioning.Classes(
                json.integer("num_classes", 1000), json.number("class_dropout_prob", 0.1));
    }

    /// Text-conditional Next-DiT calls the NTK-aware factor `scale_factor`.
    private static RotaryScaling scaling(JsonFields json, Original o) {
        boolean named = o.generation == Generation.NEXT && o.captions;
        double ntk = named ? json.number("scale_factor", 1) : 1;
        return new RotaryScaling(
                json.number("rope_scaling_factor", 1), json.number("ntk_factor", ntk));
    }

    /// Every argument may take the default of the constructor. The network does not use
    /// `scaling_factor`: diffusers computes the positions outside of it.
    private static LuminaDit.Config diffusers(JsonFields json) {
        json.has("_diffusers_version");
        json.has("_name_or_path");
        json.number("scaling_factor", 1);
        int heads = json.integer("num_attention_heads", 32);
        var layers =
                new LuminaLayers(
                        json.integer("num_layers", 32),
                        json.integer("hidden_size", 2304),
                        heads,
                        json.integer("num_kv_heads", heads),
                        json.integer("multiple_of", 256),
                        json.number("ffn_dim_multiplier", 1),
                        json.number("norm_eps", 1e-5),
                        json.flag("qk_norm", true));
        var config =
                new LuminaDit.Config(
                        Generation.NEXT,
                        new Conditioning.Captions(json.integer("cross_attention_dim", 2048), true),
                        json.integer("sample_size", USUAL_SIZE),
                        json.integer("patch_size", 2),
                        json.integer("in_channels", 4),
                        layers,
                        json.flag("learn_sigma", true),
                        false,
                        RotaryScaling.NONE);
        json.noOthers();
        return config;
    }

    /// Returns what [#parse] reads; the names of the original code where it has one.
    public static Map<String, Object> json(LuminaDit.Config c) {
        LuminaLayers layers = c.layers();
        var map = new LinkedHashMap<String, Object>();
        map.put("model", Original.of(c).model);
        map.put("input_size", c.inputSize());
        map.put("patch_size", c.patchSize());
        map.put("in_channels", c.inChannels());
        map.put("dim", layers.dim());
        map.put("n_layers", layers.count());
        map.put("n_heads", layers.heads());
        map.put("n_kv_heads", layers.kvHeads());
        map.put("multiple_of", layers.multipleOf());
        map.put("ffn_dim_multiplier", layers.ffnMultiplier());
        map.put("norm_eps", layers.normEps());
        map.put("learn_sigma", c.learnSigma());
        map.put("drop_sigma", c.dropSigma());
        map.put("qk_norm", layers.qkNorm());
        switch (c.conditioning()) {
            case Conditioning.Classes classes -> {
                map.put("class_dropout_prob", classes.dropoutProb());
                map.put("num_classes", classes.count());
            }
            case Conditioning.Captions captions -> {
                map.put("cap_feat_dim", captions.width());
                map.put("own_text_queries", captions.ownQueries());
            }
        }
        map.put("rope_scaling_factor", c.scaling().linear());
        map.put("ntk_factor", c.scaling().ntk());
        return map;
    }

    /// Returns the `config.json` of diffusers, which [#parse] reads.
    static Map<String, Object> diffusersJson(LuminaDit.Config c) {
        LuminaLayers layers = c.layers();
        var map = new LinkedHashMap<String, Object>();
        map.put("_class_name", CLASS);
        map.put("sample_size", c.inputSize());
        map.put("patch_size", c.patchSize());
        map.put("in_channels", c.inChannels());
        map.put("hidden_size", layers.dim());
        map.put("num_layers", layers.count());
        map.put("num_attention_heads", layers.heads());
        map.put("num_kv_heads", layers.kvHeads());
        map.put("multiple_of", layers.multipleOf());
        map.put("ffn_dim_multiplier", layers.ffnMultiplier());
        map.put("norm_eps", layers.normEps());
        map.put("qk_norm", layers.qkNorm());
        map.put("learn_sigma", c.learnSigma());
        if (c.conditioning() instanceof Conditioning.Captions text) {
            map.put("cross_attention_dim", text.width());
        }
        return map;
    }

    /// Returns what diffusers makes of a network: one that is conditional on a text has queries of
    /// its own for it, and its pipeline drops the variance.
    ///
    /// @throws ConfigException if it has no such network
    static LuminaDit.Config inDiffusers(LuminaDit.Config c) {
        ConfigException.require(c.generation() == Generation.NEXT, "diffusers has no Flag-DiT");
        return c.conditioning() instanceof Conditioning.Captions text
                ? with(c, new Conditioning.Captions(text.width(), true), false)
                : c;
    }

    /// Returns the configuration of tensors in which the text has queries of its own, or not.
    static LuminaDit.Config withQueries(LuminaDit.Config c, boolean own) {
        return c.conditioning() instanceof Conditioning.Captions text
                ? with(c, new Conditioning.Captions(text.width(), own), c.dropSigma())
                : c;
    }

    private static LuminaDit.Config with(
            LuminaDit.Config c, Conditioning conditioning, boolean dropSigma) {
        return new LuminaDit.Config(
                c.generation(),
                conditioning,
                c.inputSize(),
                c.patchSize(),
                c.inChannels(),
                c.layers(),
                c.learnSigma(),
                dropSigma,
                c.scaling());
    }
}
