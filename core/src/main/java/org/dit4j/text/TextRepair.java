package org.dit4j.text;

import java.text.Normalizer;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Repairs what is wrong with text from the web: references of HTML, bytes that were read by the
/// wrong code, ligatures, characters of another width, curly quotes, line ends, control characters
/// (ftfy 6.3, `fix_text` with its usual options). Original code cleans prompts so before CLIP and
/// T5 see them.
public final class TextRepair {
    /// Longer lines are cut.
    private static final int LONGEST = 1_000_000;

    private static final Pattern REFERENCE = Pattern.compile("&#?[0-9A-Za-z]{1,24};");
    private static final Pattern TERMINAL = Pattern.compile("\\x1b\\[[\\p{Nd};]*[a-zA-Z]");
    private static final Pattern LINE_END = Pattern.compile("\\r\\n|[\\r\\u2028\\u2029\\u0085]");
    private static final Pattern SINGLE_QUOTE = Pattern.compile("[\\u02bc\\u2018-\\u201b]");
    private static final Pattern DOUBLE_QUOTE = Pattern.compile("[\\u201c-\\u201f]");

    /// Without tabs and line ends; with those for Arabic shapes and annotations, and the byte order
    /// mark.
    private static final Pattern CONTROL =
            Pattern.compile(
                    "[\\x00-\\x08\\x0b\\x0e-\\x1f\\x7f\\u206a-\\u206f\\ufeff\\ufff9-\\ufffc]");

    private static final Pattern LIGATURE = Pattern.compile("[ĲĳŉǱ-ǳǄ-ǌ\\ufb00-\\ufb06]");

    /// The blank of Chinese and Japanese, and the other forms of full and half width.
    private static final Pattern WIDTH = Pattern.compile("[\\u3000\\uff01-\\uffef]");

    private TextRepair() {}

    /// Repairs each line by itself, until nothing changes. References of HTML stay from the first
    /// line on that has a `<`, since that may be HTML.
    public static String repair(String text) {
        var repaired = new StringBuilder();
        boolean references = true;
        int from = 0;
        while (from < text.length()) {
            int end = text.indexOf('\n', from) + 1;
            int to = Math.min(end == 0 ? text.length() : end, from + LONGEST);
            String line = text.substring(from, to);
            references &= line.indexOf('<') < 0;
            repaired.append(line(line, references));
            from = to;
        }
        return repaired.toString();
    }

    private static String line(String line, boolean references) {
        String before = line;
        String after = once(before, references);
        while (!after.equals(before)) {
            before = after;
            after = once(before, references);
        }
        return after;
    }

    private static String once(String line, boolean references) {
        String text = references ? unescape(line) : line;
        text = Mojibake.controls(Mojibake.repair(text));
        text = LIGATURE.matcher(text).replaceAll(m -> parts(m.group()));
        text = WIDTH.matcher(text).replaceAll(m -> Matcher.quoteReplacement(usual(m.group())));
        text = DOUBLE_QUOTE.matcher(text).replaceAll("\"");
        text = SINGLE_QUOTE.matcher(text).replaceAll("'");
        text = LINE_END.matcher(text).replaceAll("\n");
        text = withoutHalves(text);
        text = TERMINAL.matcher(text).replaceAll("");
        text = CONTROL.matcher(text).replaceAll("");
        return Normalizer.normalize(text, Normalizer.Form.NFC);
    }

    /// Resolves references that end in `;`.
    private static String unescape(String text) {
        return REFERENCE
                .matcher(text)
                .replaceAll(m -> Matcher.quoteReplacement(resolved(m.group())));
    }

    private static String resolved(String reference) {
        if (reference.startsWith("&#")) {
            String text = HtmlEntities.unescape(reference);
            return text.contains(";") ? reference : text;
        }
        String name = reference.substring(1);
        String text = HtmlEntities.named(name);
        if (text == null) {
            text = ofCapitals(name);
        }
        return text == null ? reference : text;
    }

    /// `&EACUTE;` of a text in capitals is the capital of `&eacute;`, unless it means something
    /// else.
    private static @Nullable String ofCapitals(String name) {
        String text = HtmlEntities.named(name.toLowerCase(Locale.ROOT));
        boolean capitals = name.equals(name.toUpperCase(Locale.ROOT));
        boolean free = HtmlEntities.unescape("&" + name).equals("&" + name);
        return text != null && capitals && free ? text.toUpperCase(Locale.ROOT) : null;
    }

    /// Only the letters that a ligature joins change: the long s stays.
    private static String parts(String ligature) {
        return ligature.equals("\ufb05") ? "\u017ft" : usual(ligature);
    }

    private static String usual(String character) {
        return Normalizer.normalize(character, Normalizer.Form.NFKC);
    }

    /// Replaces halves of surrogate pairs.
    private static String withoutHalves(String text) {
        return text.codePoints()
                .map(c -> c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE ? 0xfffd : c)
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
    }
}
