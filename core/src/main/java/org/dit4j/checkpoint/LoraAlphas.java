package org.dit4j.checkpoint;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;
import org.dit4j.ConfigException;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/// What PEFT's configuration of an adapter says of its factors, where diffusers wrote it into the
/// file (`lora_adapter_metadata`; diffusers, `loaders/lora_base.py`).
///
/// An update counts alpha times over its rank, or over the root of its rank with `use_rslora`
/// (Kalajdzievski 2023, arXiv:2312.03732); without a word, alpha is the rank.
///
/// @param alpha of all layers, or null
/// @param patterns of layers whose names end so
/// @param root whether it is the root of the rank
record LoraAlphas(@Nullable Double alpha, Map<String, Double> patterns, boolean root) {
    private static final String KEY = "lora_adapter_metadata";
    private static final Pattern NAME = Pattern.compile("\\^?[\\w.]+");

    /// Reads the configuration; one that says nothing if there is none.
    ///
    /// @param part what the keys of a network begin with, as in `transformer.`
    /// @throws ConfigException if it asks for what there is no code for
    static LoraAlphas of(StateDict dict, String part) {
        String json = dict.metadata().get(KEY);
        if (json == null) {
            return new LoraAlphas(null, Map.of(), false);
        }
        try {
            String where = dict.file() + ", " + KEY;
            return new Reader(JsonFile.mapper().readTree(json), part, where).read();
        } catch (JacksonException e) {
            throw new CheckpointException(dict.file() + ": " + KEY + " is no JSON", e);
        }
    }

    /// Returns times which the product of both factors is added.
    double factor(String layer, long rank) {
        Double own = alpha;
        for (Map.Entry<String, Double> pattern : patterns.entrySet()) {
            if (ends(layer, pattern.getKey())) {
                own = pattern.getValue();
                break;
            }
        }
        return own == null ? 1 : own / (root ? Math.sqrt(rank) : rank);
    }

    private static boolean ends(String layer, String pattern) {
        String whole = pattern.startsWith("^") ? pattern.substring(1) : pattern;
        return layer.equals(whole) || layer.endsWith("." + whole);
    }

    private record Reader(JsonNode json, String part, String where) {
        LoraAlphas read() {
            ConfigException.require(json.isObject(), "%s: wanted a JSON object", where);
            for (String flag : new String[] {"use_dora", "use_qalora", "fan_in_fan_out"}) {
                ConfigException.require(
                        !value(flag).asBoolean(false), "%s: there is no code for %s", where, flag);
            }
            JsonNode alpha = value("lora_alpha");
            var patterns = new LinkedHashMap<String, Double>();
            value("alpha_pattern")
                    .forEachEntry((name, own) -> {
                        ConfigException.require(
                                NAME.matcher(name).matches() && own.isNumber(),
                                "%s: alpha_pattern must give names of layers a number, but has %s",
                                where,
                                name);
                        patterns.put(name, own.doubleValue());
                    });
            return new LoraAlphas(
                    alpha.isNumber() ? alpha.doubleValue() : null,
                    patterns,
                    value("use_rslora").asBoolean(false));
        }

        /// The value of a key, also behind the name of the network in its pipeline.
        private JsonNode value(String key) {
            return json.has(key) ? json.path(key) : json.path(part + key);
        }
    }
}
