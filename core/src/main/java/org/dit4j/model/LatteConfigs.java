package org.dit4j.model;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.JsonFields;
import org.dit4j.checkpoint.JsonFile;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// The configuration files of [Latte]: the arguments of the original constructor (Vchitect/Latte,
/// `models/latte.py`), which are those of DiT and a few more.
public final class LatteConfigs {
    private static final int CLASSES = 2;

    private LatteConfigs() {}

    /// Reads `config.json`.
    ///
    /// @throws ConfigException in one line with the file and the key
    public static Latte.Config read(Path file) {
        return parse(JsonFile.tree(file), file);
    }

    /// Reads a configuration from a tree; `extras` must be 2, conditional on a class.
    ///
    /// @param where the file it came from, for messages
    public static Latte.Config parse(JsonNode json, Object where) {
        var fields = new JsonFields(json, where);
        int extras = fields.integer("extras");
        ConfigException.require(
                extras == CLASSES, "%s: extras must be %d but is %d", where, CLASSES, extras);
        fields.require("attention_mode", "math", "flash", "xformers");
        int frames = fields.integer("num_frames", 16);
        String model = fields.text("model", "custom");
        ConfigException.require(
                model.equals("custom") || model.startsWith("Latte-"),
                "%s: model %s is not a Latte",
                where,
                model);
        ObjectNode frame = (ObjectNode) json.deepCopy();
        frame.remove(List.of("extras", "attention_mode", "num_frames"));
        frame.put("model", model.replaceFirst("^Latte-", "DiT-"));
        return new Latte.Config(DitConfigs.parse(frame, where), frames);
    }

    /// Returns what [#parse] reads.
    public static Map<String, Object> json(Latte.Config c) {
        var map = new LinkedHashMap<>(DitConfigs.json(c.frame()));
        map.put("num_frames", c.numFrames());
        map.put("extras", CLASSES);
        return map;
    }
}
