package org.dit4j.app.language;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.data.Captions;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.node.ObjectNode;

/// A line of `metadata.jsonl` whose captions grow. Refined captions stand at the end of `captions`,
/// and again in `captions_refined`, by language, so that they can be told from the others; a
/// language that stands there is done. Everything else stays as it was.
final class CaptionLine {
    private static final String REFINED = "captions_refined";

    private final ObjectNode line;
    private Captions captions;

    /// @param line as a picture folder has it
    /// @param captions what [org.dit4j.data.ImageFolder] read of it
    CaptionLine(ObjectNode line, Captions captions) {
        this.line = line;
        this.captions = captions;
    }

    /// Returns the languages of captions that are not refined yet and have room for one more.
    List<String> open() {
        JsonNode done = line.path(REFINED);
        return captions.texts().keySet().stream()
                .filter(language -> !done.has(language))
                .filter(language -> captions.in(language).size() < Captions.MAX_TEXTS)
                .toList();
    }

    /// Returns the captions of a language, one a line; held-out ones are no part of it.
    String texts(String language) {
        return String.join(
                "\n",
                captions.in(language).stream()
                        .map(t -> t.strip().replaceAll("\\s+", " "))
                        .toList());
    }

    /// Adds a refined caption. One that is there already is not added again, but the language is
    /// done.
    ///
    /// @throws org.dit4j.data.DataException if the caption is one that is held out
    void add(String language, String text) {
        var texts = new LinkedHashMap<>(captions.texts());
        boolean fresh = !captions.in(language).contains(text);
        if (fresh) {
            var longer = new ArrayList<>(captions.in(language));
            longer.add(text);
            texts.put(language, longer);
        }
        captions = new Captions(texts, captions.heldOut());
        line.set("captions", JsonFile.mapper().<JsonNode>valueToTree(captions.texts()));
        Map<String, Object> refined = new LinkedHashMap<>();
        line.path(REFINED).properties().forEach(p -> refined.put(p.getKey(), p.getValue()));
        refined.put(language, fresh ? List.of(text) : List.of());
        line.set(REFINED, JsonFile.mapper().<JsonNode>valueToTree(refined));
    }

    /// Returns the line as JSON.
    String json() {
        return JsonFile.mapper()
                .writer()
                .without(SerializationFeature.INDENT_OUTPUT)
                .writeValueAsString(line);
    }
}
