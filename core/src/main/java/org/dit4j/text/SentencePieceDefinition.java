package org.dit4j.text;

import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.dit4j.text.SentencePieceModel.Algorithm;
import org.dit4j.text.SentencePieceModel.Kind;
import org.dit4j.text.SentencePieceModel.Piece;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// A model of SentencePiece as a `tokenizer.json`: as SentencePiece itself cuts a text, or as
/// transformers does (`convert_slow_tokenizer.py`), which knows special tokens within a text and
/// cuts T5's at every kind of space.
final class SentencePieceDefinition {
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
    private static final String SPACE = "\u2581";

    private SentencePieceDefinition() {}

    /// What transformers makes of a model file.
    static ObjectNode ofTransformers(SentencePieceModel model, TokenizerConfig config) {
        return model.algorithm() == Algorithm.UNIGRAM ? t5(model, config) : merging(model, config);
    }

    /// Bytes of unknown characters are not known here, whatever the model says.
    private static ObjectNode t5(SentencePieceModel model, TokenizerConfig config) {
        String end = config.role("eos_token", "</s>");
        config.role("unk_token", "<unk>");
        config.role("pad_token", "<pad>");
        ArrayNode vocabulary = NODES.arrayNode();
        ObjectNode ids = NODES.objectNode();
        for (Piece piece : model.pieces()) {
            ids.put(piece.text(), vocabulary.size());
            vocabulary.add(scored(piece.text(), piece.score()));
        }
        int more = config.value("extra_ids").asInt(100);
        for (int i = more - 1; i >= 0; i--) {
            String token = "<extra_id_" + i + ">";
            if (!ids.has(token)) {
                ids.put(token, vocabulary.size());
                vocabulary.add(scored(token, 0));
                config.role(token, token);
            }
        }
        return TokenizerDefinition.json(
                unigram(vocabulary, model.unknown(), false),
                characters(model),
                TokenizerDefinition.sequence(
                        "pretokenizers",
                        TokenizerDefinition.typed("WhitespaceSplit"),
                        metaspace("always", true)),
                TokenizerDefinition.template(ids, List.of(), List.of(end)));
    }

    private static ObjectNode merging(SentencePieceModel model, TokenizerConfig config) {
        boolean gemma = config.kind().startsWith("Gemma");
        String start = config.role("bos_token", gemma ? "<bos>" : "<s>");
        String end = config.role("eos_token", gemma ? "<eos>" : "</s>");
        config.role("unk_token", "<unk>");
        for (Piece piece : model.pieces()) {
            if (piece.kind() == Kind.CONTROL || piece.kind() == Kind.USER_DEFINED) {
                config.role(piece.text(), piece.text());
            }
        }
        ObjectNode json = pairs(model, false);
        var before = new ArrayList<String>();
        var after = new ArrayList<String>();
        if (config.flag("add_bos_token", true)) {
            before.add(start);
        }
        if (config.flag("add_eos_token", false)) {
            after.add(end);
        }
        json.set(
                "post_processor",
                TokenizerDefinition.template(json.path("model").path("vocab"), before, after));
        return json;
    }

    /// What SentencePiece itself does. Pieces that are not for texts get names that none contains.
    static ObjectNode ofModel(SentencePieceModel model) {
        if (model.algorithm() == Algorithm.BPE) {
            return pairs(model, true);
        }
        ArrayNode vocabulary = NODES.arrayNode();
        for (int i = 0; i < model.pieces().size(); i++) {
            Piece piece = model.pieces().get(i);
            vocabulary.add(scored(own(piece, i), piece.score()));
        }
        ObjectNode normalizer =
                model.trimmed()
                        ? TokenizerDefinition.sequence(
                                "normalizers",
                                characters(model),
                                TokenizerDefinition.typed("Strip")
                                        .put("strip_left", true)
                                        .put("strip_right", true),
                                TokenizerDefinition.replace("Regex", " {2,}", " "))
                        : characters(model);
        return TokenizerDefinition.json(
                unigram(vocabulary, model.unknown(), model.byteFallback()),
                normalizer,
                metaspace(model.prefix() ? "always" : "never", false),
                NODES.nullNode());
    }

    private static String own(Piece piece, int id) {
        return switch (piece.kind()) {
            case NORMAL, USER_DEFINED, BYTE -> piece.text();
            case UNKNOWN, CONTROL, UNUSED -> "\u0000\uffff" + id;
        };
    }

    private static ObjectNode unigram(ArrayNode vocabulary, int unknown, boolean byteFallback) {
        ObjectNode model = TokenizerDefinition.typed("Unigram");
        model.put("unk_id", unknown);
        model.set("vocab", vocabulary);
        return model.put("byte_fallback", byteFallback);
    }

    private static ArrayNode scored(String text, float score) {
        return NODES.arrayNode().add(text).add((double) score);
    }

    private static ObjectNode metaspace(String prefix, boolean split) {
        return TokenizerDefinition.typed("Metaspace")
                .put("replacement", SPACE)
                .put("prepend_scheme", prefix)
                .put("split", split);
    }

    private static ObjectNode characters(SentencePieceModel model) {
        return model.characterMap().length == 0
                ? TokenizerDefinition.sequence("normalizers")
                : TokenizerDefinition.typed("Precompiled")
                        .put(
                                "precompiled_charsmap",
                                Base64.getEncoder().encodeToString(model.characterMap()));
    }

    private static ObjectNode pairs(SentencePieceModel model, boolean own) {
        ObjectNode ids = NODES.objectNode();
        for (int i = 0; i < model.pieces().size(); i++) {
            Piece piece = model.pieces().get(i);
            ids.put(own ? own(piece, i) : piece.text(), i);
        }
        ObjectNode pairs = TokenizerDefinition.typed("BPE");
        pairs.putNull("dropout");
        Piece unknown = model.pieces().get(model.unknown());
        pairs.put("unk_token", own ? own(unknown, model.unknown()) : unknown.text());
        pairs.putNull("continuing_subword_prefix");
        pairs.putNull("end_of_word_suffix");
        pairs.put("fuse_unk", true);
        pairs.put("byte_fallback", model.byteFallback());
        pairs.set("vocab", ids);
        pairs.set("merges", merges(model));
        ObjectNode spaces = TokenizerDefinition.replace("String", " ", SPACE);
        ObjectNode normalizer =
                model.prefix()
                        ? TokenizerDefinition.sequence(
                                "normalizers",
                                TokenizerDefinition.typed("Prepend").put("prepend", SPACE),
                                spaces)
                        : spaces;
        return TokenizerDefinition.json(pairs, normalizer, NODES.nullNode(), NODES.nullNode());
    }

    /// A merge of every two pieces that are a third; the best score first.
    private static ArrayNode merges(SentencePieceModel model) {
        record Merge(String left, String right, float score, int order) {}
        Map<String, Integer> ids = new HashMap<>();
        for (int i = 0; i < model.pieces().size(); i++) {
            if (model.pieces().get(i).kind() == Kind.NORMAL) {
                ids.put(model.pieces().get(i).text(), i);
            }
        }
        var merges = new ArrayList<Merge>();
        for (Piece piece : model.pieces()) {
            String text = piece.text();
            for (int at = 1; piece.kind() == Kind.NORMAL && at < text.length(); at++) {
                Integer left = ids.get(text.substring(0, at));
                if (left != null && ids.containsKey(text.substring(at))) {
                    merges.add(
                            new Merge(
                                    text.substring(0, at),
                                    text.substring(at),
                                    piece.score(),
                                    left));
                }
            }
        }
        merges.sort(
                Comparator.comparingDouble(Merge::score).reversed().thenComparingInt(Merge::order));
        ArrayNode all = NODES.arrayNode();
        merges.forEach(m -> all.add(NODES.arrayNode().add(m.left()).add(m.right())));
        return all;
    }
}
