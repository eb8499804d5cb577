package org.dit4j.checkpoint;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import org.dit4j.ConfigException;
import tools.jackson.databind.JsonNode;

/// The keys of a JSON object that another program wrote, read one by one: where a file of our own
/// is a record (see [JsonFile#read]), such a file may lack keys and may hold more than is needed.
public final class JsonFields {
    private final JsonNode node;
    private final Object where;
    private final Set<String> asked = new HashSet<>();

    /// Wraps an object.
    ///
    /// @param where the file it came from, for messages
    public JsonFields(JsonNode node, Object where) {
        ConfigException.require(node.isObject(), "%s: wanted a JSON object", where);
        this.node = node;
        this.where = where;
    }

    /// Returns whether the key is there and not null.
    public boolean has(String key) {
        asked.add(key);
        return node.hasNonNull(key);
    }

    /// Returns whether the key is there and null, where null is not the same as a missing key.
    public boolean isNull(String key) {
        asked.add(key);
        return node.has(key) && node.get(key).isNull();
    }

    /// Allows keys whose values are of no matter here.
    public void ignore(String... keys) {
        asked.addAll(List.of(keys));
    }

    /// Returns a whole number.
    public int integer(String key) {
        return need(key, JsonNode::isInt, "a whole number").intValue();
    }

    /// Returns a whole number, or `other` where the key is missing or null.
    public int integer(String key, int other) {
        return has(key) ? integer(key) : other;
    }

    /// Returns a number.
    public double number(String key) {
        return need(key, JsonNode::isNumber, "a number").doubleValue();
    }

    /// Returns a number, or `other` where the key is missing or null.
    public double number(String key, double other) {
        return has(key) ? number(key) : other;
    }

    /// Returns a truth value.
    public boolean flag(String key) {
        return need(key, JsonNode::isBoolean, "true or false").booleanValue();
    }

    /// Returns a truth value, or `other` where the key is missing or null.
    public boolean flag(String key, boolean other) {
        return has(key) ? flag(key) : other;
    }

    /// Returns a text.
    public String text(String key) {
        return need(key, JsonNode::isString, "a text").stringValue();
    }

    /// Returns a text, or `other` where the key is missing or null.
    public String text(String key, String other) {
        return has(key) ? text(key) : other;
    }

    /// Returns a list of whole numbers.
    public List<Integer> integers(String key) {
        return list(key, JsonNode::isInt, "whole numbers", JsonNode::intValue);
    }

    /// Returns a list of numbers.
    public List<Double> numbers(String key) {
        return list(key, JsonNode::isNumber, "numbers", JsonNode::doubleValue);
    }

    /// Returns a list of texts.
    public List<String> texts(String key) {
        return list(key, JsonNode::isString, "texts", JsonNode::stringValue);
    }

    /// Returns whatever the key holds.
    public JsonNode tree(String key) {
        return need(key, n -> true, "a value");
    }

    /// Fails unless the key is missing, null, or one of `allowed`: for options that are not built.
    public void require(String key, Object... allowed) {
        asked.add(key);
        if (node.hasNonNull(key)) {
            String given = node.get(key).asString("");
            boolean known = List.of(allowed).stream().anyMatch(a -> given.equals(a.toString()));
            ConfigException.require(
                    known,
                    "%s: %s must be one of %s but is %s",
                    where,
                    key,
                    List.of(allowed),
                    given);
        }
    }

    /// Fails if the object holds a key that was not asked for, other than [Quantization#CONFIG].
    public void noOthers() {
        for (String key : node.propertyNames()) {
            ConfigException.require(
                    asked.contains(key) || key.equals(Quantization.CONFIG),
                    "%s: unknown key \"%s\"; known keys: %s",
                    where,
                    key,
                    String.join(", ", asked.stream().sorted().toList()));
        }
    }

    private <T> List<T> list(
            String key, Function<JsonNode, Boolean> is, String what, Function<JsonNode, T> get) {
        JsonNode array = need(key, JsonNode::isArray, "a list of " + what);
        var all = new ArrayList<T>();
        for (JsonNode item : array) {
            ConfigException.require(
                    is.apply(item),
                    "%s: %s must be a list of %s but holds %s",
                    where,
                    key,
                    what,
                    item);
            all.add(get.apply(item));
        }
        return List.copyOf(all);
    }

    private JsonNode need(String key, Function<JsonNode, Boolean> is, String what) {
        ConfigException.require(has(key), "%s: the key \"%s\" is missing", where, key);
        JsonNode value = node.get(key);
        ConfigException.require(
                is.apply(value), "%s: %s must be %s but is %s", where, key, what, value);
        return value;
    }
}
