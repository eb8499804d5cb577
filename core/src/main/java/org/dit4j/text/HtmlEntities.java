package org.dit4j.text;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// The character references of HTML, such as `&amp;` and `&#233;`, resolved as in Python
/// (`html/__init__.py`, `unescape`), which follows the HTML standard.
public final class HtmlEntities {
    private static final String FILE = "html-entities.txt";

    /// What a browser takes for a reference: by number or by name, with or without `;`.
    private static final Pattern REFERENCE =
            Pattern.compile("&(#[0-9]+;?|#[xX][0-9a-fA-F]+;?|[^\\t\\n\\f <&#;]{1,32};?)");

    /// Numbers longer than this are no code points.
    private static final int DIGITS = 9;

    private static final Map<String, String> NAMED = read();

    private HtmlEntities() {}

    private static Map<String, String> read() {
        var named = new HashMap<String, String>();
        InputStream file =
                Objects.requireNonNull(HtmlEntities.class.getResourceAsStream(FILE), FILE);
        try (var lines =
                new BufferedReader(new InputStreamReader(file, StandardCharsets.US_ASCII))) {
            lines.lines()
                    .filter(line -> !line.startsWith("#"))
                    .forEach(line -> {
                        String[] parts = line.split(" ");
                        var text = new StringBuilder();
                        for (int i = 1; i < parts.length; i++) {
                            text.appendCodePoint(Integer.parseInt(parts[i], 16));
                        }
                        named.put(parts[0], text.toString());
                    });
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return Map.copyOf(named);
    }

    /// Resolves all references once; what is none stays.
    public static String unescape(String text) {
        return text.indexOf('&') < 0
                ? text
                : REFERENCE
                        .matcher(text)
                        .replaceAll(m -> Matcher.quoteReplacement(resolved(m.group(1))));
    }

    /// Returns the text of a name with its `;`, or null.
    static @Nullable String named(String name) {
        return NAMED.get(name);
    }

    private static String resolved(String reference) {
        if (reference.startsWith("#")) {
            String digits = reference.substring(1).replace(";", "");
            boolean hex = digits.startsWith("x") || digits.startsWith("X");
            return number(hex ? digits.substring(1) : digits, hex ? 16 : 10);
        }
        // the longest name that it begins with; the rest stays
        for (int end = reference.length(); end > 1; end--) {
            String text = NAMED.get(reference.substring(0, end));
            if (text != null) {
                return text + reference.substring(end);
            }
        }
        return "&" + reference;
    }

    /// HTML standard, "numeric character reference end state".
    private static String number(String digits, int radix) {
        String significant = digits.replaceFirst("^0+(?=.)", "");
        int c = significant.length() > DIGITS ? -1 : (int) Long.parseLong(significant, radix);
        if (c == 0 || c < 0 || c > Character.MAX_CODE_POINT || (c >= 0xd800 && c <= 0xdfff)) {
            return "\ufffd";
        }
        if (c >= 0x80 && c <= 0x9f) {
            return windows(c);
        }
        boolean control = c < 0x20 && c != '\t' && c != '\n' && c != '\f' && c != '\r';
        boolean none = (c >= 0xfdd0 && c <= 0xfdef) || (c & 0xfffe) == 0xfffe;
        return control || c == 0x7f || none ? "" : Character.toString(c);
    }

    /// Numbers that were meant for Windows-1252; those without a character there stay.
    private static String windows(int c) {
        String text = new String(new byte[] {(byte) c}, Charset.forName("windows-1252"));
        return text.equals("\ufffd") ? Character.toString(c) : text;
    }
}
