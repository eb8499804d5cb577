package org.dit4j.text;

import java.util.Locale;
import java.util.regex.Pattern;

/// How original code cleans prompts (openai/CLIP, `simple_tokenizer.py`; mlfoundations/open_clip,
/// `tokenizer.py`).
public final class PromptCleaning {
    /// What Python takes for white space.
    private static final String SPACES = "[\\p{IsWhite_Space}\\x1c-\\x1f]+";

    private static final Pattern SPACE = Pattern.compile(SPACES);
    private static final Pattern ENDS = Pattern.compile("\\A" + SPACES + "|" + SPACES + "\\z");

    private PromptCleaning() {}

    /// Repairs the text and resolves references of HTML, also those that were escaped twice.
    /// `basic_clean`.
    public static String basic(String text) {
        return stripped(HtmlEntities.unescape(HtmlEntities.unescape(TextRepair.repair(text))));
    }

    /// Returns one space for all white space in a row, none at the ends. `whitespace_clean`.
    public static String spaces(String text) {
        return stripped(SPACE.matcher(text).replaceAll(" "));
    }

    /// Returns what the original tokenizer of CLIP cuts into words.
    public static String clip(String text) {
        return spaces(basic(text)).toLowerCase(Locale.ROOT);
    }

    private static String stripped(String text) {
        return ENDS.matcher(text).replaceAll("");
    }
}
