package org.dit4j.app.data;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
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
    private final Map<String, EmojiGroup> groups = new HashMap<>();
    private final Map<String, EmojiGroup> classes = new HashMap<>();
    private final Map<String, Emoji> emoji = new LinkedHashMap<>();

    private Emojibase() {}

    /// Returns every emoji that belongs to a class, by its [Emoji#key].
    static Map<String, Emoji> read(Packages packages, Progress progress) {
        var files = new HashMap<String, byte[]>();
        packages.read(PACK, Set.of(ENGLISH, CHINESE, CLASSES)::contains, files::put, progress);
        var base = new Emojibase();
        JsonNode groups = tree(files, CLASSES);
        readGroups(groups, "groups", base.groups);
        readGroups(groups, "subgroups", base.classes);
        tree(files, CHINESE).forEach(base::addChinese);
        for (JsonNode node : tree(files, ENGLISH)) {
            base.add(node, node);
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

    private static void readGroups(JsonNode groups, String kind, Map<String, EmojiGroup> into) {
        Map<String, EmojiGroup> named = EmojiGroup.named(kind);
        for (var group : groups.path(kind).properties()) {
            String key = group.getValue().asString("");
            DataException.require(
                    CLASS.matcher(key).matches(), "%s: unexpected class %s", PACK, key);
            EmojiGroup name = named.getOrDefault(key, EmojiGroup.unnamed(key));
            into.put(group.getKey(), name);
        }
    }

    private void addChinese(JsonNode node) {
        chinese.put(text(node, "hexcode"), node);
        node.path("skins").forEach(this::addChinese);
    }

    /// Adds an emoji and its skin tones; the regional indicators belong to no class.
    private void add(JsonNode node, JsonNode base) {
        String hexcode = text(node, "hexcode");
        DataException.require(
                HEXCODE.matcher(hexcode).matches(), "%s: unexpected hexcode %s", PACK, hexcode);
        EmojiGroup group = groups.get(base.path("group").asString(""));
        EmojiGroup subgroup = classes.get(node.path("subgroup").asString(""));
        if (group == null || subgroup == null) {
            return;
        }
        emoji.put(
                Emoji.key(hexcode),
                new Emoji(
                        hexcode,
                        text(base, "hexcode"),
                        group,
                        subgroup,
                        names(node),
                        names(base),
                        new Emoji.BilingualTags(tags(base), chineseTags(base)),
                        tones(node)));
        for (JsonNode skin : node.path("skins")) {
            add(skin, base);
        }
    }

    private List<String> chineseTags(JsonNode node) {
        JsonNode zh = chinese.get(text(node, "hexcode"));
        return zh == null ? List.of() : tags(zh);
    }

    private Emoji.Bilingual names(JsonNode node) {
        JsonNode zh = chinese.getOrDefault(text(node, "hexcode"), node);
        return new Emoji.Bilingual(text(node, "label"), text(zh, "label"));
    }

    /// A number, or a list of two for two people.
    private static List<SkinTone> tones(JsonNode node) {
        JsonNode tone = node.path("tone");
        Stream<JsonNode> tones = tone.isArray() ? tone.valueStream() : Stream.of(tone);
        return tones.filter(JsonNode::isIntegralNumber).map(t -> SkinTone.of(t.asInt())).toList();
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
