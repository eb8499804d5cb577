package org.dit4j.text;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.huggingface.tokenizers.jni.CharSpan;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The tokenizer of an encoder, with the word pieces of its own `tokenizer.json`.
///
/// Letters are made small and lose their accents, as the vocabularies have them; the file of
/// bge-small-zh asks for neither, which would make a capital letter an unknown token. Characters
/// are replaced one by one before, so that places in the text stay what they are.
final class BertTokenizer implements AutoCloseable {
    private static final Pattern LOWERCASE = Pattern.compile("\"lowercase\"\\s*:\\s*false");

    private final HuggingFaceTokenizer tokenizer;
    private final boolean straightQuotes;

    /// Opens the tokenizer of `model`.
    ///
    /// @throws TextException if the class path lacks it
    BertTokenizer(TextModel model) {
        straightQuotes = model.straightQuotes();
        try {
            tokenizer = TokenizerLibrary.open(definition(model), model.id());
        } catch (IOException e) {
            throw new TextException(
                    "cannot open the tokenizer of %s: %s".formatted(model.id(), e.getMessage()), e);
        }
    }

    private static InputStream definition(TextModel model) throws IOException {
        String json;
        try (InputStream in = ModelResource.tokenizer(model).open()) {
            json = new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
        Matcher lowercase = LOWERCASE.matcher(json);
        return new ByteArrayInputStream(
                lowercase.replaceFirst("\"lowercase\":true").getBytes(StandardCharsets.UTF_8));
    }

    /// Cuts `text` into at most `maxTokens` tokens; of longer ones the first are kept, and the end
    /// mark.
    BertTokens encode(String text, int maxTokens) {
        Encoding encoding = tokenizer.encode(cleaned(text));
        long[] all = encoding.getIds();
        int n = Math.min(all.length, maxTokens);
        long[] ids = java.util.Arrays.copyOf(all, n);
        ids[n - 1] = all[all.length - 1];
        var starts = new int[n];
        var ends = new int[n];
        CharSpan[] spans = encoding.getCharTokenSpans();
        int point = 0;
        int at = 0;
        // spans count code points, in order
        for (int i = 0; i < n - 1; i++) {
            CharSpan span = spans[i];
            if (span != null) {
                at = text.offsetByCodePoints(at, span.getStart() - point);
                starts[i] = at;
                ends[i] = text.offsetByCodePoints(at, span.getEnd() - span.getStart());
                point = span.getStart();
            }
        }
        return new BertTokens(ids, starts, ends, all.length);
    }

    /// Replaces what the tokenizer cannot take or does not know (curly quotes, the zero character),
    /// each by one character.
    String cleaned(String text) {
        String valid = TokenizerLibrary.valid(text);
        var out = new StringBuilder(valid.length());
        for (int i = 0; i < valid.length(); i++) {
            out.append(cleaned(valid.charAt(i)));
        }
        return out.toString();
    }

    private char cleaned(char c) {
        return switch (c) {
            case '\u2018', '\u2019', '\u201a', '\u201b' -> straightQuotes ? '\'' : c;
            case '\u201c', '\u201d', '\u201e', '\u201f' -> straightQuotes ? '"' : c;
            case 0 -> '\ufffd';
            default -> c;
        };
    }

    @Override
    public void close() {
        tokenizer.close();
    }
}
