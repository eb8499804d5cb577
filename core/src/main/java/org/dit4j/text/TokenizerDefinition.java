package org.dit4j.text;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.JsonFile;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// The `tokenizer.json` of a folder, or the one that stands for its older files: `vocab.json` and
/// `merges.txt` (CLIP, Qwen2), `spiece.model` or `tokenizer.model` (T5, Gemma, Llama), `vocab.txt`
/// (BERT). What their steps are is that of transformers (`models/*/tokenization_*.py`).
final class TokenizerDefinition {
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
    private static final long MAX_BYTES = 64 << 20;

    /// How CLIP cuts a text into words (openai/CLIP, `simple_tokenizer.py`).
    private static final String CLIP_WORDS =
            "'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+";

    private static final String CLIP_START = "<|startoftext|>";
    private static final String CLIP_END = "<|endoftext|>";
    private static final String ORIGINAL_START = "<start_of_text>";
    private static final String ORIGINAL_END = "<end_of_text>";

    /// How Qwen2 does (transformers, `tokenization_qwen2.py`).
    private static final String QWEN_WORDS =
            "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}"
                    + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

    private TokenizerDefinition() {}

    /// Returns the definition of a folder.
    ///
    /// @param raw whether `tokenizer.json` is passed over
    /// @throws TextException if the folder holds no tokenizer
    static ObjectNode of(Path folder, TokenizerConfig config, boolean raw) {
        Path whole = folder.resolve("tokenizer.json");
        if (!raw && Files.isRegularFile(whole)) {
            JsonNode json = JsonFile.tree(whole);
            ConfigException.require(json.isObject(), "%s: wanted a JSON object", whole);
            return withAdded((ObjectNode) json, config);
        }
        return withAdded(fromVocabulary(folder, config), config);
    }

    private static ObjectNode fromVocabulary(Path folder, TokenizerConfig config) {
        if (Files.isRegularFile(folder.resolve("vocab.txt"))) {
            return bert(folder.resolve("vocab.txt"), config);
        }
        Path vocabulary = folder.resolve("vocab.json");
        Path merges = folder.resolve("merges.txt");
        if (Files.isRegularFile(vocabulary) && Files.isRegularFile(merges)) {
            JsonNode ids = JsonFile.tree(vocabulary);
            ConfigException.require(ids.isObject(), "%s: wanted a JSON object", vocabulary);
            return config.kind().startsWith("Qwen2")
                    ? qwen2(ids, merges(merges))
                    : clip(ids, merges(merges), config);
        }
        for (String name : List.of("spiece.model", "tokenizer.model")) {
            if (Files.isRegularFile(folder.resolve(name))) {
                var model = SentencePieceModel.read(folder.resolve(name));
                return SentencePieceDefinition.ofTransformers(model, config);
            }
        }
        throw new TextException(
                folder
                        + ": has no tokenizer.json, vocab.txt, vocab.json with merges.txt,"
                        + " spiece.model or tokenizer.model");
    }

    private static ObjectNode bert(Path file, TokenizerConfig config) {
        var ids = NODES.objectNode();
        List<String> lines = lines(file);
        for (int i = 0; i < lines.size(); i++) {
            ids.put(lines.get(i), i);
        }
        config.role("pad_token", "[PAD]");
        config.role("mask_token", "[MASK]");
        ObjectNode model = typed("WordPiece");
        model.put("unk_token", config.role("unk_token", "[UNK]"));
        model.put("continuing_subword_prefix", "##");
        model.put("max_input_chars_per_word", 100);
        model.set("vocab", ids);
        return json(
                model,
                bertCharacters(config),
                typed("BertPreTokenizer"),
                template(
                        ids,
                        List.of(config.role("cls_token", "[CLS]")),
                        List.of(config.role("sep_token", "[SEP]"))));
    }

    /// Accents go with the capitals unless the file says otherwise.
    private static ObjectNode bertCharacters(TokenizerConfig config) {
        boolean lower = config.flag("do_lower_case", true);
        return typed("BertNormalizer")
                .put("clean_text", true)
                .put("handle_chinese_chars", config.flag("tokenize_chinese_chars", true))
                .put("strip_accents", config.flag("strip_accents", lower))
                .put("lowercase", lower);
    }

    private static ObjectNode clip(JsonNode ids, ArrayNode merges, TokenizerConfig config) {
        String start = config.role("bos_token", CLIP_START);
        String end = config.role("eos_token", CLIP_END);
        config.role("pad_token", end);
        return clip(ids, merges, start, end, config.role("unk_token", end));
    }

    /// Returns the definition of CLIP's original tokenizer, in which the marks of start and end
    /// have other names (mlfoundations/open_clip, `tokenizer.py`), so that what transformers calls
    /// them is text like any other.
    ///
    /// @throws TextException if the folder holds another tokenizer
    static ObjectNode originalClip(Path folder) {
        TokenizerConfig config = TokenizerConfig.read(folder);
        JsonNode model = of(folder, config, false).path("model");
        String start = config.role("bos_token", CLIP_START);
        String end = config.role("eos_token", CLIP_END);
        if (!(model.path("merges") instanceof ArrayNode merges)
                || !(model.path("vocab") instanceof ObjectNode vocabulary)
                || !vocabulary.path(start).isInt()
                || !vocabulary.path(end).isInt()) {
            throw new TextException(folder + ": is no tokenizer of CLIP");
        }
        ObjectNode ids = vocabulary.deepCopy();
        ids.set(ORIGINAL_START, ids.remove(start));
        ids.set(ORIGINAL_END, ids.remove(end));
        ObjectNode json = clip(ids, merges, ORIGINAL_START, ORIGINAL_END, ORIGINAL_END);
        ArrayNode added = json.putArray("added_tokens");
        for (String mark : List.of(ORIGINAL_START, ORIGINAL_END)) {
            added.add(added(ids.path(mark).intValue(), mark, NODES.objectNode()));
        }
        return json;
    }

    private static ObjectNode clip(
            JsonNode ids, ArrayNode merges, String start, String end, String unknown) {
        ObjectNode model = pairs(ids, merges, "</w>");
        model.put("unk_token", unknown);
        String words = quoted(start) + "|" + quoted(end) + "|" + CLIP_WORDS;
        return json(
                model,
                sequence(
                        "normalizers",
                        typed("NFC"),
                        replace("Regex", "\\s+", " "),
                        typed("Lowercase")),
                sequence("pretokenizers", split("Regex", words, "Removed", true), byteLevel(true)),
                template(ids, List.of(start), List.of(end)));
    }

    private static String quoted(String token) {
        return token.replaceAll("[^\\p{Alnum}<>]", "\\\\$0");
    }

    private static ObjectNode qwen2(JsonNode ids, ArrayNode merges) {
        return json(
                pairs(ids, merges, ""),
                typed("NFC"),
                sequence(
                        "pretokenizers",
                        split("Regex", QWEN_WORDS, "Isolated", false),
                        byteLevel(false)),
                template(ids, List.of(), List.of()));
    }

    private static ObjectNode pairs(JsonNode ids, ArrayNode merges, String wordEnd) {
        ObjectNode model = typed("BPE");
        model.putNull("dropout");
        model.putNull("unk_token");
        model.put("continuing_subword_prefix", "");
        model.put("end_of_word_suffix", wordEnd);
        model.put("fuse_unk", false);
        model.put("byte_fallback", false);
        model.set("vocab", ids);
        model.set("merges", merges);
        return model;
    }

    /// A line a merge, the first line may be a comment.
    private static ArrayNode merges(Path file) {
        ArrayNode merges = NODES.arrayNode();
        for (String line : lines(file)) {
            String[] pair = line.split(" ", -1);
            boolean comment = merges.isEmpty() && line.startsWith("#version");
            if (line.isBlank() || comment) {
                continue;
            }
            ConfigException.require(
                    pair.length == 2, "%s: a line must be two tokens but is \"%s\"", file, line);
            merges.add(NODES.arrayNode().add(pair[0]).add(pair[1]));
        }
        return merges;
    }

    private static List<String> lines(Path file) {
        try {
            ConfigException.require(
                    Files.size(file) <= MAX_BYTES, "%s: is too large for a vocabulary", file);
            String text = Files.readString(file);
            // only line feeds end a line: some vocabularies hold the other separators as tokens
            return text.strip().isEmpty() ? List.of() : List.of(stripEnd(text).split("\n", -1));
        } catch (IOException e) {
            throw new TextException("cannot read " + file + " as UTF-8", e);
        }
    }

    private static String stripEnd(String text) {
        String unix = text.replace("\r\n", "\n");
        return unix.endsWith("\n") ? unix.substring(0, unix.length() - 1) : unix;
    }

    // ---- parts of a tokenizer.json

    static ObjectNode typed(String type) {
        return NODES.objectNode().put("type", type);
    }

    static ObjectNode sequence(String key, ObjectNode... parts) {
        ObjectNode sequence = typed("Sequence");
        sequence.putArray(key).addAll(List.of(parts));
        return sequence;
    }

    static ObjectNode replace(String kind, String pattern, String content) {
        ObjectNode replace = typed("Replace");
        replace.putObject("pattern").put(kind, pattern);
        return replace.put("content", content);
    }

    static ObjectNode split(String kind, String pattern, String behaviour, boolean invert) {
        ObjectNode split = typed("Split");
        split.putObject("pattern").put(kind, pattern);
        return split.put("behavior", behaviour).put("invert", invert);
    }

    private static ObjectNode byteLevel(boolean words) {
        return typed("ByteLevel")
                .put("add_prefix_space", false)
                .put("trim_offsets", true)
                .put("use_regex", words);
    }

    /// Puts special tokens before and after a text.
    static ObjectNode template(JsonNode ids, List<String> before, List<String> after) {
        ObjectNode template = typed("TemplateProcessing");
        ArrayNode single = template.putArray("single");
        ArrayNode pair = template.putArray("pair");
        ObjectNode tokens = template.putObject("special_tokens");
        before.forEach(token -> single.add(special(token, ids, tokens)));
        single.addObject().putObject("Sequence").put("id", "A").put("type_id", 0);
        after.forEach(token -> single.add(special(token, ids, tokens)));
        pair.addObject().putObject("Sequence").put("id", "A").put("type_id", 0);
        pair.addObject().putObject("Sequence").put("id", "B").put("type_id", 1);
        return template;
    }

    private static ObjectNode special(String token, JsonNode ids, ObjectNode tokens) {
        ConfigException.require(
                ids.path(token).isInt(), "the special token %s is not in the vocabulary", token);
        ObjectNode entry = tokens.putObject(token).put("id", token);
        entry.putArray("ids").add(ids.path(token).intValue());
        entry.putArray("tokens").add(token);
        ObjectNode item = NODES.objectNode();
        item.putObject("SpecialToken").put("id", token).put("type_id", 0);
        return item;
    }

    static ObjectNode json(
            ObjectNode model, JsonNode normalizer, JsonNode preTokenizer, JsonNode postProcessor) {
        ObjectNode json = NODES.objectNode().put("version", "1.0");
        json.putNull("truncation");
        json.putNull("padding");
        json.putArray("added_tokens");
        json.set("normalizer", normalizer);
        json.set("pre_tokenizer", preTokenizer);
        json.set("post_processor", postProcessor);
        json.putNull("decoder");
        json.set("model", model);
        return json;
    }

    // ---- added tokens

    /// Adds the special tokens that the definition lacks; new ones get the next numbers.
    private static ObjectNode withAdded(ObjectNode json, TokenizerConfig config) {
        Map<String, Integer> ids = ids(json);
        var all = new TreeMap<Integer, JsonNode>();
        json.path("added_tokens").forEach(t -> all.put(t.path("id").asInt(), t));
        config.added()
                .forEach((id, token) -> {
                    String content = token.path("content").asString("");
                    all.putIfAbsent(id, added(id, content, token));
                    ids.putIfAbsent(content, id);
                });
        int next = ids.values().stream().mapToInt(i -> i).max().orElse(-1) + 1;
        for (String token : config.specials()) {
            Integer known = ids.putIfAbsent(token, next);
            int id = known == null ? next++ : known;
            all.putIfAbsent(id, added(id, token, NODES.objectNode()));
        }
        json.putArray("added_tokens").addAll(all.values());
        return json;
    }

    private static ObjectNode added(int id, String content, JsonNode json) {
        return NODES.objectNode()
                .put("id", id)
                .put("content", content)
                .put("single_word", json.path("single_word").asBoolean(false))
                .put("lstrip", json.path("lstrip").asBoolean(false))
                .put("rstrip", json.path("rstrip").asBoolean(false))
                .put("normalized", json.path("normalized").asBoolean(false))
                .put("special", json.path("special").asBoolean(true));
    }

    /// Returns the numbers of all tokens of a definition.
    static Map<String, Integer> ids(JsonNode json) {
        var ids = new LinkedHashMap<String, Integer>();
        JsonNode vocabulary = json.path("model").path("vocab");
        if (vocabulary.isArray()) {
            for (int i = 0; i < vocabulary.size(); i++) {
                ids.putIfAbsent(vocabulary.path(i).path(0).asString(""), i);
            }
        } else {
            vocabulary.properties().forEach(e -> ids.put(e.getKey(), e.getValue().asInt()));
        }
        json.path("added_tokens")
                .forEach(t -> ids.put(t.path("content").asString(""), t.path("id").asInt()));
        return ids;
    }
}
