package org.dit4j.app.data;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.dit4j.checkpoint.JsonFile;
import tools.jackson.databind.JsonNode;

/// A group or subgroup of emoji.
///
/// @param key its name in Unicode's lists, such as `animal-bird`
/// @param en its English name
/// @param zh its Chinese name
record EmojiGroup(String key, String en, String zh) {
    private static final String NAMES = "emoji-groups.json";

    /// Returns the names of one of the kinds `groups` and `subgroups` by key; they were written for
    /// this program.
    static Map<String, EmojiGroup> named(String kind) {
        try (InputStream in =
                Objects.requireNonNull(EmojiGroup.class.getResourceAsStream(NAMES), NAMES)) {
            var groups = new HashMap<String, EmojiGroup>();
            for (var entry : JsonFile.mapper().readTree(in).path(kind).properties()) {
                JsonNode names = entry.getValue();
                groups.put(
                        entry.getKey(),
                        new EmojiGroup(
                                entry.getKey(),
                                names.path(0).asString(),
                                names.path(1).asString()));
            }
            return groups;
        } catch (IOException e) {
            throw new UncheckedIOException(NAMES, e);
        }
    }

    /// Returns a group that has no written names: they are its key.
    static EmojiGroup unnamed(String key) {
        String words = key.replace('-', ' ');
        return new EmojiGroup(key, words, words);
    }
}
