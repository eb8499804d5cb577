package org.dit4j.data;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/// Reads the captions of a line of `metadata.jsonl`: `captions` and `captions_held_out`, each an
/// object of texts by language, or else Hugging Face's single column `text` or `caption`. Where an
/// object is expected, a text or a list of texts is of no said language.
final class CaptionMetadata {
    private CaptionMetadata() {}

    /// @param where file and line, for messages
    /// @throws DataException if a value is not as it should be
    static Captions read(JsonNode line, String where) {
        String key =
                List.of("captions", "text", "caption").stream()
                        .filter(line::hasNonNull)
                        .findFirst()
                        .orElse("");
        Map<String, List<String>> texts = key.isEmpty() ? Map.of() : languages(line, key, where);
        Map<String, List<String>> heldOut =
                line.hasNonNull("captions_held_out")
                        ? languages(line, "captions_held_out", where)
                        : Map.of();
        if (texts.isEmpty() && heldOut.isEmpty()) {
            return Captions.NONE;
        }
        try {
            return new Captions(texts, heldOut);
        } catch (DataException e) {
            throw new DataException(where + ": " + e.getMessage(), e);
        }
    }

    private static Map<String, List<String>> languages(JsonNode line, String key, String where) {
        JsonNode value = line.path(key);
        if (value.isString() && value.asString().isBlank()) {
            return Map.of();
        }
        if (!value.isObject()) {
            return Map.of(Captions.UNDETERMINED, texts(value, key, where));
        }
        var languages = new LinkedHashMap<String, List<String>>();
        for (var language : value.properties()) {
            String name = language.getKey();
            languages.put(name, texts(language.getValue(), key + "." + name, where));
        }
        return languages;
    }

    private static List<String> texts(JsonNode value, String key, String where) {
        if (value.isString()) {
            return List.of(value.asString());
        }
        boolean list = value.isArray() && value.valueStream().allMatch(JsonNode::isString);
        DataException.require(
                list,
                "%s: %s must be a text or a list of texts but is %s",
                where,
                key,
                value.getNodeType().name().toLowerCase(java.util.Locale.ROOT));
        return value.valueStream().map(JsonNode::asString).toList();
    }
}
