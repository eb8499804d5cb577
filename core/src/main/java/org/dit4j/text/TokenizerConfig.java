package org.dit4j.text;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.JsonFile;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;

/// What `tokenizer_config.json`, and `special_tokens_map.json` and `added_tokens.json` beside it,
/// say of a tokenizer. They hold much that is for chats or for Python; what is not asked for is
/// passed over.
final class TokenizerConfig {
    /// The roles of special tokens, in the order in which the tokens are added.
    private static final List<String> ROLES =
            List.of(
                    "bos_token",
                    "eos_token",
                    "unk_token",
                    "sep_token",
                    "pad_token",
                    "cls_token",
                    "mask_token");

    private final JsonNode json;
    private final Map<String, String> roles = new LinkedHashMap<>();
    private final Map<Integer, JsonNode> added = new TreeMap<>();

    private TokenizerConfig(JsonNode json) {
        this.json = json;
    }

    /// Reads what is there of the files.
    static TokenizerConfig read(Path folder) {
        var config = new TokenizerConfig(tree(folder.resolve("tokenizer_config.json")));
        JsonNode map = tree(folder.resolve("special_tokens_map.json"));
        for (String role : ROLES) {
            content(config.json.path(role))
                    .or(() -> content(map.path(role)))
                    .ifPresent(token -> config.roles.put(role, token));
        }
        JsonNode ids = tree(folder.resolve("added_tokens.json"));
        ids.properties()
                .forEach(e ->
                        config.added.put(
                                e.getValue().asInt(),
                                JsonNodeFactory.instance.objectNode().put("content", e.getKey())));
        config.json
                .path("added_tokens_decoder")
                .properties()
                .forEach(e -> config.added.put(number(e.getKey(), folder), e.getValue()));
        return config;
    }

    private static int number(String key, Path folder) {
        try {
            return Integer.parseInt(key);
        } catch (NumberFormatException e) {
            throw new ConfigException(
                    folder + ": a key of added_tokens_decoder must be a number but is " + key, e);
        }
    }

    private static JsonNode tree(Path file) {
        return Files.isRegularFile(file)
                ? JsonFile.tree(file)
                : JsonNodeFactory.instance.objectNode();
    }

    private static Optional<String> content(JsonNode token) {
        JsonNode text = token.isObject() ? token.path("content") : token;
        return text.isString() ? Optional.of(text.stringValue()) : Optional.empty();
    }

    /// Returns the class of transformers, such as `CLIPTokenizer`; empty if it is not said.
    String kind() {
        String name = json.path("tokenizer_class").asString("");
        return name.endsWith("Fast") ? name.substring(0, name.length() - "Fast".length()) : name;
    }

    /// Sets the token of a role such as `pad_token` where the files name none, and returns it.
    String role(String role, String token) {
        roles.putIfAbsent(role, token);
        return roles.getOrDefault(role, token);
    }

    /// Returns the token of a role, if there is one.
    Optional<String> role(String role) {
        return Optional.ofNullable(roles.get(role));
    }

    /// Returns a switch, or `other` where it is missing or null.
    boolean flag(String key, boolean other) {
        JsonNode value = json.path(key);
        return value.isBoolean() ? value.booleanValue() : other;
    }

    /// Returns the value of a key, a missing node if there is none.
    JsonNode value(String key) {
        return json.path(key);
    }

    /// Returns the tokens that have ids of their own, by id, as `added_tokens_decoder` has them.
    Map<Integer, JsonNode> added() {
        return Collections.unmodifiableMap(added);
    }

    /// Returns all special tokens, in the order in which they are added.
    Collection<String> specials() {
        var all = new ArrayList<>(roles.values());
        for (String key : List.of("extra_special_tokens", "additional_special_tokens")) {
            json.path(key).forEach(token -> content(token).ifPresent(all::add));
        }
        return all;
    }
}
