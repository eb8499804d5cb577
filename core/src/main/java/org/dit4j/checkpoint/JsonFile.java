package org.dit4j.checkpoint;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Collectors;
import org.dit4j.ConfigException;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.exc.StreamReadException;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.json.JsonReadFeature;
import tools.jackson.databind.DatabindException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.exc.UnrecognizedPropertyException;
import tools.jackson.databind.json.JsonMapper;

/// Reads and writes JSON files: configurations into records, anything into trees.
public final class JsonFile {
    private static final long MAX_BYTES = 100L << 20;

    private static final JsonMapper MAPPER =
            JsonMapper.builder(
                            JsonFactory.builder()
                                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                                    .build())
                    .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
                    .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
                    .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
                    .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                    .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
                    .enable(SerializationFeature.INDENT_OUTPUT)
                    .build();

    private JsonFile() {}

    /// Returns the mapper that all files go through: unknown, missing and doubled keys are errors.
    public static JsonMapper mapper() {
        return MAPPER;
    }

    /// Reads `path` into a record; every component must have its key, and no other key is allowed.
    ///
    /// @throws ConfigException in one line with the file and the key
    public static <T> T read(Path path, Class<T> type) {
        byte[] json = bytes(path);
        try {
            return MAPPER.readValue(json, type);
        } catch (JacksonException e) {
            throw failure(path, e);
        }
    }

    /// Reads `path` into a tree.
    ///
    /// @throws ConfigException in one line if the file is not JSON
    public static JsonNode tree(Path path) {
        byte[] json = bytes(path);
        try {
            return MAPPER.readTree(json);
        } catch (JacksonException e) {
            throw failure(path, e);
        }
    }

    /// Reads `path` into a tree, where numbers may also be `NaN`, `Infinity` and `-Infinity`, which
    /// Python writes though JSON has no such thing.
    ///
    /// @throws ConfigException in one line if the file is not JSON
    public static JsonNode treeOfPython(Path path) {
        byte[] json = bytes(path);
        try {
            return MAPPER.reader().with(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS).readTree(json);
        } catch (JacksonException e) {
            throw failure(path, e);
        }
    }

    /// Fits a tree, or a part of one, to a record as [#read] does.
    ///
    /// @param path the file it came from, for messages
    /// @throws ConfigException in one line with the file and the key
    public static <T> T convert(JsonNode node, Class<T> type, Path path) {
        try {
            return MAPPER.treeToValue(node, type);
        } catch (JacksonException e) {
            throw failure(path, e);
        }
    }

    /// Writes `value` to `path`, indented, completely or not at all.
    public static void write(Path path, Object value) {
        byte[] json = MAPPER.writeValueAsBytes(value);
        AtomicFile.writeStream(
                path,
                out -> {
                    out.write(json);
                    out.write('\n');
                });
    }

    private static byte[] bytes(Path path) {
        try {
            long size = Files.size(path);
            ConfigException.require(
                    size <= MAX_BYTES, "%s: %d bytes are too many for a JSON file", path, size);
            return Files.readAllBytes(path);
        } catch (IOException e) {
            throw CheckpointException.io("read", path, e);
        }
    }

    private static ConfigException failure(Path path, JacksonException e) {
        if (e.getCause() instanceof ConfigException rule) {
            return new ConfigException(path + ": " + at(e) + rule.getMessage(), e);
        }
        String text =
                switch (e) {
                    case UnrecognizedPropertyException u ->
                            "unknown key \"%s\"; known keys: %s"
                                    .formatted(u.getPropertyName(), known(u));
                    case StreamReadException s ->
                            "not valid JSON at line %d, column %d: %s"
                                    .formatted(
                                            s.getLocation().getLineNr(),
                                            s.getLocation().getColumnNr(),
                                            s.getOriginalMessage());
                    default ->
                            e.getOriginalMessage().startsWith("Missing creator property")
                                    ? "this key is missing"
                                    : e.getOriginalMessage();
                };
        return new ConfigException(path + ": " + at(e) + CheckpointException.oneLine(text), e);
    }

    private static String known(UnrecognizedPropertyException e) {
        var ids = e.getKnownPropertyIds();
        return ids == null
                ? ""
                : ids.stream().map(String::valueOf).sorted().collect(Collectors.joining(", "));
    }

    /// Returns the place of the error as `key.key[2]: `, or nothing.
    private static String at(JacksonException e) {
        if (!(e instanceof DatabindException)) {
            return "";
        }
        var steps = e.getPath();
        // the message of an unknown key names the key itself
        int n = steps.size() - (e instanceof UnrecognizedPropertyException ? 1 : 0);
        var text = new StringBuilder();
        for (var step : steps.subList(0, Math.max(0, n))) {
            if (step.getPropertyName() == null) {
                text.append('[').append(step.getIndex()).append(']');
            } else {
                text.append(text.isEmpty() ? "" : ".").append(step.getPropertyName());
            }
        }
        return text.isEmpty() ? "" : text + ": ";
    }
}
