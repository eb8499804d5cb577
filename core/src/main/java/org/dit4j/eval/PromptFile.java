package org.dit4j.eval;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.data.Captions;
import org.dit4j.data.DataException;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/// Reads the lines of a [PromptSet].
final class PromptFile {
    private static final long MAX_BYTES = 256L << 20;
    private static final int MAX_ENTRIES = 1_000_000;
    private static final int MAX_TEXTS = 256;

    private PromptFile() {}

    /// @throws DataException naming file and line if it is not as [PromptSet#read] says
    static List<PromptSet.Entry> read(Path file) {
        DataException.require(
                Files.isRegularFile(file), "there is no %s with prompts to draw from", file);
        var entries = new ArrayList<PromptSet.Entry>();
        var subjects = new HashSet<String>();
        try {
            DataException.require(
                    Files.size(file) <= MAX_BYTES, "%s: more than %d bytes", file, MAX_BYTES);
            try (BufferedReader in = Files.newBufferedReader(file)) {
                int number = 0;
                for (String line = in.readLine(); line != null; line = in.readLine()) {
                    String where = file + ", line " + ++number;
                    DataException.require(
                            number <= MAX_ENTRIES, "%s: more than %d lines", file, MAX_ENTRIES);
                    if (!line.isBlank()) {
                        PromptSet.Entry entry = entry(line, where);
                        DataException.require(
                                subjects.add(entry.subject()),
                                "%s: the subject %s is listed twice",
                                where,
                                entry.subject());
                        entries.add(entry);
                    }
                }
            }
        } catch (CharacterCodingException e) {
            throw new DataException(file + ": the text is not UTF-8", e);
        } catch (IOException e) {
            throw DataException.io("read", file, e);
        }
        DataException.require(!entries.isEmpty(), "%s: there are no prompts", file);
        return entries;
    }

    private static PromptSet.Entry entry(String line, String where) {
        JsonNode node;
        try {
            node = JsonFile.mapper().readTree(line);
        } catch (JacksonException e) {
            throw new DataException(where + ": this is not JSON", e);
        }
        JsonNode subject = node.path(node.hasNonNull("subject") ? "subject" : "emoji");
        DataException.require(
                subject.isString() && !subject.asString().isBlank(),
                "%s: there is no subject",
                where);
        var texts = new EnumMap<PromptSet.Kind, Map<String, List<String>>>(PromptSet.Kind.class);
        for (PromptSet.Kind kind : PromptSet.Kind.values()) {
            if (node.hasNonNull(kind.key())) {
                texts.put(kind, languages(node.path(kind.key()), where + ": " + kind.key()));
            }
        }
        return new PromptSet.Entry(subject.asString(), texts);
    }

    /// Languages without a text are left out.
    private static Map<String, List<String>> languages(JsonNode node, String where) {
        DataException.require(
                node.isObject() && node.size() <= Captions.MAX_LANGUAGES,
                "%s must be an object of at most %d languages",
                where,
                Captions.MAX_LANGUAGES);
        var languages = new TreeMap<String, List<String>>();
        for (var language : node.properties()) {
            List<String> texts = texts(language.getValue(), where + "." + language.getKey());
            if (!texts.isEmpty()) {
                languages.put(language.getKey(), texts);
            }
        }
        return languages;
    }

    private static List<String> texts(JsonNode list, String where) {
        DataException.require(
                list.isArray() && list.size() <= MAX_TEXTS,
                "%s must be a list of at most %d texts",
                where,
                MAX_TEXTS);
        for (JsonNode text : list) {
            boolean fits =
                    text.isString()
                            && !text.asString().isBlank()
                            && text.asString().length() <= Captions.MAX_LENGTH;
            DataException.require(
                    fits, "%s must hold texts of 1 to %d characters", where, Captions.MAX_LENGTH);
        }
        return list.valueStream().map(JsonNode::asString).toList();
    }
}
