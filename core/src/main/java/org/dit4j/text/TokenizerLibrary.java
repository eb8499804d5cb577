package org.dit4j.text;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.io.IOException;
import java.io.InputStream;
import java.util.Map;

/// Hugging Face's tokenizers, the library that defines `tokenizer.json`.
final class TokenizerLibrary {
    static {
        // the default asks for the GPU's make and may download a library for it, and reports the
        // use to the library's makers from machines at Amazon
        setIfMissing("RUST_FLAVOR", "cpu");
        setIfMissing("OPT_OUT_TRACKING", "true");
    }

    private TokenizerLibrary() {}

    /// Opens a tokenizer that neither cuts nor pads.
    ///
    /// @param definition a `tokenizer.json`
    /// @param name for messages
    /// @throws TextException if the definition is wrong, or the machine has no such library
    static HuggingFaceTokenizer open(InputStream definition, String name) {
        var options = Map.of("truncation", "false", "padding", "false");
        try {
            return HuggingFaceTokenizer.newInstance(definition, options);
        } catch (IOException | RuntimeException | LinkageError e) {
            throw new TextException(
                    "cannot open the tokenizer of %s: %s".formatted(name, e.getMessage()), e);
        }
    }

    /// Replaces half a surrogate pair, which the library cannot take, by U+FFFD.
    static String valid(String text) {
        var out = new StringBuilder(text.length());
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (Character.isHighSurrogate(c)
                    && i + 1 < text.length()
                    && Character.isLowSurrogate(text.charAt(i + 1))) {
                out.append(c).append(text.charAt(++i));
            } else {
                out.append(Character.isSurrogate(c) ? '\ufffd' : c);
            }
        }
        return out.toString();
    }

    private static void setIfMissing(String property, String value) {
        if (System.getProperty(property) == null) {
            System.setProperty(property, value);
        }
    }
}
