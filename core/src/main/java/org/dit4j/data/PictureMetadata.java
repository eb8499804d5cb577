package org.dit4j.data;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.dit4j.checkpoint.JsonFile;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/// Reads `metadata.jsonl`: a JSON object a line with `file_name`, relative to the folder, and
/// perhaps `label`, a text or a whole number; without labels, the first folder of the name is the
/// class. `subject` names what the picture shows, for [HoldOut]; captions are as [CaptionMetadata]
/// says. Other keys are the data's own business.
final class PictureMetadata {
    private static final long MAX_BYTES = 2L << 30;

    private PictureMetadata() {}

    /// @throws DataException naming file and line if a line is not as it should be
    static List<ImageFolder.Labelled> read(Path file) {
        var found = new ArrayList<ImageFolder.Labelled>();
        var names = new HashSet<String>();
        try {
            DataException.require(
                    Files.size(file) <= MAX_BYTES, "%s: more than %d bytes", file, MAX_BYTES);
            try (BufferedReader in = Files.newBufferedReader(file)) {
                int number = 0;
                for (String line = in.readLine(); line != null; line = in.readLine()) {
                    number++;
                    if (!line.isBlank()) {
                        found.add(labelled(line, file + ", line " + number, names));
                    }
                }
            }
        } catch (CharacterCodingException e) {
            throw new DataException(file + ": the text is not UTF-8", e);
        } catch (IOException e) {
            throw DataException.io("read", file, e);
        }
        return found;
    }

    private static ImageFolder.Labelled labelled(String line, String where, Set<String> names) {
        JsonNode node;
        try {
            node = JsonFile.mapper().readTree(line);
        } catch (JacksonException e) {
            throw new DataException(where + ": this is not JSON", e);
        }
        String name = node.path("file_name").asString("");
        DataException.require(!name.isEmpty(), "%s: there is no file_name", where);
        DataException.require(inside(name), "%s: %s is not inside the folder", where, name);
        DataException.require(names.add(name), "%s: %s is listed twice", where, name);
        return new ImageFolder.Labelled(
                name,
                label(node, name, where),
                subject(node, where),
                CaptionMetadata.read(node, where));
    }

    private static String label(JsonNode node, String name, String where) {
        JsonNode label = node.path("label");
        if (label.isMissingNode() || label.isNull()) {
            int folder = name.indexOf('/');
            return folder < 0 ? "" : name.substring(0, folder);
        }
        DataException.require(
                label.isString() || label.isIntegralNumber(),
                "%s: label must be a text or a whole number but is %s",
                where,
                label);
        return label.asString();
    }

    private static String subject(JsonNode node, String where) {
        JsonNode subject = node.path("subject");
        boolean none = subject.isMissingNode() || subject.isNull();
        DataException.require(
                none || subject.isString(), "%s: subject must be a text but is %s", where, subject);
        return none ? "" : subject.asString();
    }

    private static boolean inside(String name) {
        try {
            Path path = Path.of(name);
            return !path.isAbsolute() && path.equals(path.normalize()) && !path.startsWith("..");
        } catch (InvalidPathException e) {
            return false;
        }
    }
}
