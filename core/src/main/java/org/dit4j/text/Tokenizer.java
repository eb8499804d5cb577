package org.dit4j.text;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.io.ByteArrayInputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.tensor.Tensors;
import tools.jackson.databind.node.ObjectNode;

/// Cuts texts into tokens as the tokenizer of a published folder does, with its special tokens, its
/// padding and its truncation.
///
/// ```java
/// try (Tokenizer tokenizer = Tokenizer.open(folder)) {
///     TokenBatch tokens = tokenizer.encode(List.of("a cat"), 77);
/// }
/// ```
///
/// Thread-safe. Half a surrogate pair counts as U+FFFD.
public final class Tokenizer implements AutoCloseable {
    /// Where the padding of a short text stands.
    public enum Side {
        /// Before the text.
        LEFT,
        /// Behind the text.
        RIGHT
    }

    /// A text that every vocabulary knows, for finding the marks of start and end.
    private static final String PROBE = "a";

    private final HuggingFaceTokenizer tokenizer;
    private final String name;
    private final Side side;
    private final int padding;
    private final OptionalInt most;
    private final long[] before;
    private final long[] after;

    private Tokenizer(
            ObjectNode definition, String name, Side side, String padding, OptionalInt most) {
        this.name = name;
        this.most = most;
        this.side = side;
        this.padding = TokenizerDefinition.ids(definition).getOrDefault(padding, -1);
        byte[] json = JsonFile.mapper().writeValueAsBytes(definition);
        tokenizer = TokenizerLibrary.open(new ByteArrayInputStream(json), name);
        try {
            long[] text = ids(PROBE, false);
            long[] whole = ids(PROBE, true);
            int start = start(text, whole);
            before = Arrays.copyOf(whole, start);
            after = Arrays.copyOfRange(whole, start + text.length, whole.length);
        } catch (RuntimeException e) {
            tokenizer.close();
            throw e;
        }
    }

    /// Returns how many tokens come before a text.
    private int start(long[] text, long[] whole) {
        for (int i = 0; text.length > 0 && i <= whole.length - text.length; i++) {
            if (Arrays.equals(text, 0, text.length, whole, i, i + text.length)) {
                return i;
            }
        }
        throw new TextException(
                "the tokenizer of " + name + " changes a text where it marks start and end");
    }

    /// Opens the tokenizer of a folder: its `tokenizer.json`, else its `vocab.txt`, `vocab.json`
    /// with `merges.txt`, `spiece.model` or `tokenizer.model`; what `tokenizer_config.json` says is
    /// added.
    ///
    /// @throws TextException if there is none, or it cannot be opened
    public static Tokenizer open(Path folder) {
        return open(folder, false);
    }

    /// Opens the tokenizer of a folder from its older files, even if it has a `tokenizer.json`.
    ///
    /// @throws TextException if there are none, or they cannot be opened
    public static Tokenizer openVocabulary(Path folder) {
        return open(folder, true);
    }

    /// Opens a model file of SentencePiece as that library does: there are no special tokens, and
    /// unknown characters become bytes if the model was trained so.
    ///
    /// @throws TextException if it is none
    public static Tokenizer openSentencePiece(Path file) {
        ObjectNode definition = SentencePieceDefinition.ofModel(SentencePieceModel.read(file));
        return new Tokenizer(definition, file.toString(), Side.RIGHT, "", OptionalInt.empty());
    }

    /// Opens the tokenizer of CLIP of a folder as the original code does: its marks of start and
    /// end have other names than in transformers. The original code cleans texts before (see
    /// [PromptCleaning#clip]).
    ///
    /// @throws TextException if there is none, or it cannot be opened
    public static Tokenizer openOriginalClip(Path folder) {
        ObjectNode definition = TokenizerDefinition.originalClip(folder);
        return new Tokenizer(definition, folder.toString(), Side.RIGHT, "", OptionalInt.empty());
    }

    private static Tokenizer open(Path folder, boolean raw) {
        TokenizerConfig config = TokenizerConfig.read(folder);
        ObjectNode definition = TokenizerDefinition.of(folder, config, raw);
        return new Tokenizer(
                definition,
                folder.toString(),
                side(config),
                config.role("pad_token").orElse(""),
                most(config));
    }

    /// What transformers writes where there is no limit is far beyond whole numbers.
    private static OptionalInt most(TokenizerConfig config) {
        double most = config.value("model_max_length").asDouble(0);
        return most >= 1 && most <= Integer.MAX_VALUE
                ? OptionalInt.of((int) most)
                : OptionalInt.empty();
    }

    /// Returns how many tokens of a text its network takes (`model_max_length`); empty where the
    /// folder does not say.
    public OptionalInt mostTokens() {
        return most;
    }

    /// Gemma and Llama are padded before the text where the file does not say.
    private static Side side(TokenizerConfig config) {
        String kind = config.kind();
        boolean left = kind.startsWith("Gemma") || kind.startsWith("Llama");
        String given = config.value("padding_side").asString(left ? "left" : "right");
        ConfigException.require(
                given.equals("left") || given.equals("right"),
                "padding_side must be left or right but is %s",
                given);
        return given.equals("left") ? Side.LEFT : Side.RIGHT;
    }

    /// Returns the tokens of a text, neither cut nor padded.
    ///
    /// @param special whether the tokens that mark start and end are added
    public long[] ids(String text, boolean special) {
        return tokenizer.encode(TokenizerLibrary.valid(text), special, false).getIds();
    }

    /// Cuts texts into tokens, keeps the first of those that are too long and pads the others, on
    /// the side that the folder says.
    ///
    /// @param length tokens of every text, start and end marks included
    /// @throws ConfigException if the list is empty, or the length has no room for the marks
    /// @throws TextException if a text is to be padded and the tokenizer has no token for that
    public TokenBatch encode(List<String> texts, int length) {
        return encode(texts, length, side);
    }

    /// Cuts texts into tokens and pads them on a side of choice.
    public TokenBatch encode(List<String> texts, int length, Side side) {
        ConfigException.require(!texts.isEmpty(), "there must be a text to encode");
        int room = length - before.length - after.length;
        ConfigException.require(
                room >= 0 && length > 0,
                "%d tokens have no room for the marks of start and end",
                length);
        var ids = new long[texts.size() * length];
        var mask = new long[ids.length];
        var truncated = new ArrayList<Truncation>();
        for (int i = 0; i < texts.size(); i++) {
            long[] text = ids(texts.get(i), false);
            if (text.length > room) {
                truncated.add(new Truncation(i, text.length + length - room, length));
            }
            long[] marked = marked(Arrays.copyOf(text, Math.min(room, text.length)));
            int free = length - marked.length;
            int from = i * length + (side == Side.LEFT ? free : 0);
            Arrays.fill(ids, i * length, (i + 1) * length, free > 0 ? padding() : 0);
            System.arraycopy(marked, 0, ids, from, marked.length);
            Arrays.fill(mask, from, from + marked.length, 1);
        }
        long b = texts.size();
        return new TokenBatch(Tensors.of(ids, b, length), Tensors.of(mask, b, length), truncated);
    }

    private long[] marked(long[] text) {
        var all = Arrays.copyOf(before, before.length + text.length + after.length);
        System.arraycopy(text, 0, all, before.length, text.length);
        System.arraycopy(after, 0, all, before.length + text.length, after.length);
        return all;
    }

    private int padding() {
        if (padding < 0) {
            throw new TextException("the tokenizer of " + name + " has no token to pad with");
        }
        return padding;
    }

    @Override
    public void close() {
        tokenizer.close();
    }
}
