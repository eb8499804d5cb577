package org.dit4j.text;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Repairs text whose bytes were read by the wrong code, mostly UTF-8 by another (ftfy 6.3,
/// `fix_encoding`). Text that does not look damaged stays.
final class Mojibake {
    // Patterns of bytes, each of which is a character up to 255
    private static final String LATER = "\\x80-\\xbf";
    private static final String MARKED = "\\x80-\\x84\\x86-\\x9f\\xa1-\\xbf";

    /// "Ã la" was "à la", where the space belongs to both; but not in some words of Portuguese.
    private static final Pattern A_GRAVE = Pattern.compile("\\xc3 (?! |quele|quela|quilo|s )");

    /// UTF-8 in which a space was a byte A0.
    private static final Pattern SPACED =
            Pattern.compile(
                    "[\\xc2\\xc3\\xc5\\xce\\xd0\\xd9] |[\\xe2\\xe3] [%2$s]|[\\xe0-\\xe3][%2$s] "
                            .concat("|\\xf0 [%1$s]{2}|\\xf0[%1$s] [%1$s]|\\xf0[%1$s]{2} ")
                            .formatted(LATER, MARKED));

    /// UTF-8 in which bytes were lost; `?` stands for one at most.
    private static final Pattern LOSSY =
            Pattern.compile(
                    "[\\xc2-\\xdf]\\x1a|[\\xc2\\xc3]\\?"
                            .concat("|\\xed[\\xa0-\\xaf][\\x1a?]\\xed[\\xb0-\\xbf][\\x1a?%1$s]")
                            .concat("|\\xed[\\xa0-\\xaf][\\x1a?%1$s]\\xed[\\xb0-\\xbf][\\x1a?]")
                            .concat("|[\\xe0-\\xef][\\x1a?][\\x1a%1$s]")
                            .concat("|[\\xe0-\\xef][\\x1a%1$s][\\x1a?]")
                            .concat("|[\\xf0-\\xf4][\\x1a?][\\x1a%1$s]{2}")
                            .concat("|[\\xf0-\\xf4][\\x1a%1$s][\\x1a?][\\x1a%1$s]")
                            .concat("|[\\xf0-\\xf4][\\x1a%1$s]{2}[\\x1a?]|\\x1a")
                            .formatted(LATER));

    /// A pair of surrogates, each in three bytes (CESU-8).
    private static final Pattern PAIR =
            Pattern.compile(
                    "\\xed([\\xa0-\\xaf][%1$s])\\xed([\\xb0-\\xbf][%1$s])".formatted(LATER));

    private static final Pattern C1 = Pattern.compile("[\\x80-\\x9f]");
    private static final String LOST = bytes("\ufffd");

    private Mojibake() {}

    /// Returns the text as it was meant, after as many steps as it takes.
    static String repair(String text) {
        String before = text;
        String after = step(before);
        while (!after.equals(before)) {
            before = after;
            after = step(before);
        }
        return after;
    }

    private static boolean looksBad(String text) {
        return MojibakePatterns.BAD.matcher(text).find();
    }

    private static String step(String text) {
        if (!looksBad(text)) {
            return text;
        }
        for (SingleByteCode code : SingleByteCode.ALL) {
            Optional<String> read = code.fits(text) ? asUtf8(text, code) : Optional.empty();
            if (read.isPresent()) {
                return read.get();
            }
        }
        String parts = partly(text);
        if (!parts.equals(text)) {
            return parts;
        }
        String windows = windows(text);
        return SingleByteCode.LATIN_1.fits(text)
                        && windows.chars().noneMatch(c -> c >= 0x80 && c <= 0x9f)
                ? windows
                : controls(text);
    }

    /// Reads the bytes of the text as UTF-8, if they are.
    private static Optional<String> asUtf8(String text, SingleByteCode code) {
        String bytes = code.encode(text);
        if (!code.equals(SingleByteCode.MAC_ROMAN) && SPACED.matcher(bytes).find()) {
            String words = A_GRAVE.matcher(bytes).replaceAll("\u00c3\u00a0 ");
            bytes = SPACED.matcher(words).replaceAll(m -> m.group().replace(' ', '\u00a0'));
        }
        if (code.lossy()) {
            bytes = LOSSY.matcher(bytes).replaceAll(LOST);
        }
        try {
            return Optional.of(decoded(standard(bytes)));
        } catch (CharacterCodingException e) {
            return Optional.empty();
        }
    }

    /// Brings what some programs write for UTF-8 to its standard: zero in two bytes, and surrogates
    /// in three each.
    private static String standard(String bytes) {
        return PAIR.matcher(bytes.replace("\u00c0\u0080", "\0"))
                .replaceAll(m ->
                        Matcher.quoteReplacement(
                                bytes(
                                        Character.toString(
                                                Character.toCodePoint(
                                                        surrogate(m.group(1)),
                                                        surrogate(m.group(2)))))));
    }

    /// The surrogate of the last two of three bytes whose first is ED.
    private static char surrogate(String two) {
        return (char) (0xd000 | (two.charAt(0) & 0x3f) << 6 | (two.charAt(1) & 0x3f));
    }

    private static String bytes(String text) {
        return new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
    }

    private static String decoded(String bytes) throws CharacterCodingException {
        ByteBuffer buffer = ByteBuffer.wrap(bytes.getBytes(StandardCharsets.ISO_8859_1));
        return StandardCharsets.UTF_8.newDecoder().decode(buffer).toString();
    }

    /// Repairs parts that look damaged by themselves.
    private static String partly(String text) {
        return MojibakePatterns.UTF_8
                .matcher(text)
                .replaceAll(m -> {
                    String part = m.group();
                    boolean smaller = part.length() < text.length();
                    return Matcher.quoteReplacement(
                            smaller && looksBad(part) ? repair(part) : part);
                });
    }

    /// Reads Latin-1 as Windows-1252.
    private static String windows(String text) {
        var read = new StringBuilder();
        text.chars().forEach(c -> read.append(c < 256 ? windows((char) c) : (char) c));
        return read.toString();
    }

    private static char windows(char c) {
        return C1.matcher(String.valueOf(c)).matches()
                ? SingleByteCode.WINDOWS_1252.table().charAt(c)
                : c;
    }

    /// Replaces the control characters 80 to 9F, which nobody means, as browsers do.
    static String controls(String text) {
        return C1.matcher(text).find() ? windows(text) : text;
    }
}
