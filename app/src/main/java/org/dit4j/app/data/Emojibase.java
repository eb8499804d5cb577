package org.dit4j.app.data;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.data.DataException;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/// Reads the names and classes of the emoji from the package `emojibase-data`.
final class Emojibase {
    static final NpmPackage PACK =
            new NpmPackage(
                    "emojibase-data",
                    "17.0.0",
                    "sha512-Yvgb5AWoHViHV/gq1qr5ZAarcBip+B27/ZLRsUJkbgAEaLlZ/fof9g882LTpmEpyhBNEC0m2SEmItljHsTygjA==",
                    "MIT");

    private static final String ENGLISH = "package/en/data.json";
    private static final String CHINESE = "package/zh/data.json";
    private static final String CLASSES = "package/meta/groups.json";
    private static final Pattern HEXCODE = Pattern.compile("[0-9A-F]{2,6}(-[0-9A-F]{2,6}){0,15}");
    private static final Pattern CLASS = Pattern.compile("[a-z][a-z0-9-]{0,63}");

    private final Map<String, JsonNode> chinese = new HashMap<>();
    private final Map<String, String> classes = new HashMap<>();
    private final Map<String, Emoji> emoji = new LinkedHashMap<>();

    private Emojibase() {}

    /// Returns every emoji that belongs to a class, by its [Emoji#key].
    static Map<String, Emoji> read(Packages packages, Progress progress) {
        var files = new HashMap<String, byte[]>();
        packages.read(PACK, Set.of(ENGLISH, CHINESE, CLASSES)::contains, files::put, progress);
        var base = new Emojibase();
        base.readClasses(tree(files, CLASSES));
        tree(files, CHINESE).forEach(base::addChinese);
        for (JsonNode node : tree(files, ENGLISH)) {
            base.add(node, text(node, "hexcode"));
        }
        return base.emoji;
    }

    private static JsonNode tree(Map<String, byte[]> files, String name) {
        byte[] json = files.get(name);
        if (json == null) {
            throw new DataException("%s has no %s".formatted(PACK, name));
        }
        try {
            return JsonFile.mapper().readTree(json);
        } catch (JacksonException e) {
            throw new DataException("%s: %s is not JSON".formatted(PACK, name), e);
        }
    }

    private void readClasses(JsonNode groups) {
        for (var subgroup : groups.path("subgroups").properties()) {
            String key = subgroup.getValue().asString("");
            DataException.require(
                    CLASS.matcher(key).matches(), "%s: unexpected class %s", PACK, key);
            classes.put(subgroup.getKey(), key);
        }
    }

    private void addChinese(JsonNode node) {
        chinese.put(text(node, "hexcode"), node);
        node.path("skins").forEach(this::addChinese);
    }

    /// Adds an emoji and its skin tones; the regional indicators belong to no class.
    private void add(JsonNode node, String base) {
        String hexcode = text(node, "hexcode");
        DataException.require(
                HEXCODE.matcher(hexcode).matches(), "%s: unexpected hexcode %s", PACK, hexcode);
        String label = classes.get(node.path("subgroup").asString(""));
        if (label == null) {
            return;
        }
        JsonNode zh = chinese.getOrDefault(hexcode, node);
        emoji.put(
                Emoji.key(hexcode),
                new Emoji(
                        hexcode,
                        base,
                        label,
                        text(node, "label"),
                        text(zh, "label"),
                        tags(node),
                        zh == node ? List.of() : tags(zh)));
        for (JsonNode skin : node.path("skins")) {
            add(skin, base);
        }
    }

    private static List<String> tags(JsonNode node) {
        return node.path("tags").valueStream().map(tag -> tag.asString("")).toList();
    }

    private static String text(JsonNode node, String key) {
        String value = node.path(key).asString("");
        DataException.require(!value.isEmpty(), "%s: an entry without %s", PACK, key);
        return value;
    }
}
