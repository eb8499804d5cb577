package org.dit4j.text;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.JsonFields;
import org.dit4j.nn.Activation;
import org.dit4j.text.CausalTransformer.AttentionConfig;
import org.dit4j.text.CausalTransformer.Config;
import org.dit4j.text.CausalTransformer.Variant;

/// The `config.json` of language models (transformers, `configuration_llama.py` and its relatives).
final class CausalConfigs {
    private CausalConfigs() {}

    static Config llama(JsonFields json) {
        boolean bias = json.flag("attention_bias", false);
        AttentionConfig attention = attention(json, ofWidth(json), 0, 0, bias, bias);
        Activation activation = TextConfigs.activation(json.text("hidden_act", "silu"));
        var variant = new Variant(activation, json.flag("mlp_bias", false), false, false);
        return config(json, attention, variant, Collections.nCopies(depth(json), 0));
    }

    static Config qwen2(JsonFields json) {
        AttentionConfig attention = attention(json, ofWidth(json), 0, 0, true, false);
        Activation activation = TextConfigs.activation(json.text("hidden_act", "silu"));
        boolean sliding = json.flag("use_sliding_window", false);
        int from = json.integer("max_window_layers", 28);
        int window = json.integer("sliding_window", json.isNull("sliding_window") ? 0 : 4096);
        var windows = new ArrayList<Integer>();
        for (int i = 0; i < depth(json); i++) {
            windows.add(sliding && i >= from ? window : 0);
        }
        return config(
                json,
                attention,
                new Variant(activation, false, false, false),
                layers(json, sliding ? window : 0, windows));
    }

    static Config gemma(JsonFields json) {
        json.require("use_bidirectional_attention", false);
        boolean bias = json.flag("attention_bias", false);
        AttentionConfig attention = attention(json, 256, 0, 0, bias, bias);
        return config(
                json,
                attention,
                new Variant(gelu(json), false, true, false),
                Collections.nCopies(depth(json), 0));
    }

    static Config gemma2(JsonFields json) {
        json.require("use_bidirectional_attention", false);
        // read by the first versions of transformers only
        json.ignore("cache_implementation", "sliding_window_size");
        boolean bias = json.flag("attention_bias", false);
        String key = "attn_logit_softcapping";
        double cap = json.number(key, json.isNull(key) ? 0 : 50);
        double scalar = json.number("query_pre_attn_scalar", 256);
        AttentionConfig attention = attention(json, 256, 1 / Math.sqrt(scalar), cap, bias, bias);
        int window = json.integer("sliding_window", 4096);
        var windows = new ArrayList<Integer>();
        for (int i = 0; i < depth(json); i++) {
            windows.add(i % 2 == 0 ? window : 0);
        }
        return config(
                json,
                attention,
                new Variant(gelu(json), false, true, true),
                layers(json, window, windows));
    }

    private static Config config(
            JsonFields json, AttentionConfig attention, Variant variant, List<Integer> windows) {
        json.ignore("max_position_embeddings");
        return new Config(
                json.integer("vocab_size"),
                json.integer("hidden_size"),
                json.integer("intermediate_size"),
                json.number("rms_norm_eps", 1e-6),
                windows,
                attention,
                variant);
    }

    /// @param headWidth where the file does not say
    /// @param scale 0 stands for that of the head's width
    private static AttentionConfig attention(
            JsonFields json,
            int headWidth,
            double scale,
            double cap,
            boolean inputBias,
            boolean outputBias) {
        int heads = json.integer("num_attention_heads");
        int k = json.integer("head_dim", headWidth);
        return new AttentionConfig(
                heads,
                json.integer("num_key_value_heads", heads),
                k,
                scale == 0 ? 1 / Math.sqrt(k) : scale,
                cap,
                rotary(json),
                inputBias,
                outputBias);
    }

    private static int ofWidth(JsonFields json) {
        return json.integer("hidden_size") / Math.max(1, json.integer("num_attention_heads"));
    }

    private static int depth(JsonFields json) {
        int depth = json.integer("num_hidden_layers");
        ConfigException.require(depth > 0, "num_hidden_layers must be positive but is %d", depth);
        return depth;
    }

    /// The key of Gemma's first files says `gelu` and means the approximation.
    private static Activation gelu(JsonFields json) {
        String old = json.text("hidden_act", "gelu_pytorch_tanh");
        String name = json.text("hidden_activation", old.equals("gelu") ? "gelu_new" : old);
        return TextConfigs.activation(name);
    }

    /// Older files have `rope_theta` and `rope_scaling`, newer ones both in `rope_parameters`.
    private static RotaryFrequencies rotary(JsonFields json) {
        double theta = json.number("rope_theta", 10000);
        boolean newer = json.has("rope_parameters");
        if (!json.has("rope_scaling") && !newer) {
            return RotaryFrequencies.plain(theta);
        }
        String key = newer ? "rope_parameters" : "rope_scaling";
        var rope = new JsonFields(json.tree(key), key);
        theta = rope.number("rope_theta", theta);
        String type = rope.text("rope_type", rope.text("type", "default"));
        RotaryFrequencies rotary =
                switch (type) {
                    case "default" -> RotaryFrequencies.plain(theta);
                    case "llama3" ->
                            new RotaryFrequencies(
                                    theta,
                                    rope.number("factor"),
                                    rope.number("low_freq_factor"),
                                    rope.number("high_freq_factor"),
                                    rope.integer("original_max_position_embeddings"));
                    default ->
                            throw new ConfigException(
                                    key + ": rope_type must be default or llama3 but is " + type);
                };
        rope.noOthers();
        return rotary;
    }

    /// Returns the windows that `layer_types` names, else `other`.
    private static List<Integer> layers(JsonFields json, int window, List<Integer> other) {
        if (!json.has("layer_types")) {
            return other;
        }
        List<String> types = json.texts("layer_types");
        ConfigException.require(
                types.size() == other.size(),
                "layer_types must name %d layers but names %d",
                other.size(),
                types.size());
        var windows = new ArrayList<Integer>();
        for (String type : types) {
            boolean sliding = type.equals("sliding_attention");
            ConfigException.require(
                    sliding || type.equals("full_attention"),
                    "a layer type must be full_attention or sliding_attention but is %s",
                    type);
            windows.add(sliding ? window : 0);
        }
        return windows;
    }
}
