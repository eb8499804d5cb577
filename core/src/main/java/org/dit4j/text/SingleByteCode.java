package org.dit4j.text;

import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// A code of one byte a character, as it is found in the wild: bytes that the standard leaves open
/// are those of Latin-1, and the byte 1A stands for a character that was lost (ftfy,
/// `bad_codecs/sloppy.py`).
///
/// @param lossy whether some bytes are open, so that the byte 1A has that meaning
/// @param table the character of each byte
/// @param bytes the byte of each character
record SingleByteCode(boolean lossy, String table, Map<Character, Byte> bytes) {
    static final byte LOST = 0x1a;

    static final SingleByteCode LATIN_1 = of("ISO-8859-1", false);
    static final SingleByteCode WINDOWS_1252 = of("windows-1252", true);
    static final SingleByteCode MAC_ROMAN = of("x-MacRoman", false);

    /// Those whose confusion with Latin-1 is common.
    static final List<SingleByteCode> LIKE_LATIN_1 =
            List.of(
                    LATIN_1,
                    WINDOWS_1252,
                    of("windows-1251", true),
                    of("windows-1250", true),
                    of("windows-1253", true),
                    of("windows-1254", true),
                    of("windows-1257", true));

    /// All, in the order in which they are tried.
    static final List<SingleByteCode> ALL =
            java.util.stream.Stream.concat(
                            LIKE_LATIN_1.stream(),
                            java.util.stream.Stream.of(
                                    of("ISO-8859-2", false), MAC_ROMAN, of("IBM437", false)))
                    .toList();

    private static SingleByteCode of(String name, boolean lossy) {
        var all = new byte[256];
        for (int i = 0; i < all.length; i++) {
            all[i] = (byte) i;
        }
        char[] table = new String(all, StandardCharsets.ISO_8859_1).toCharArray();
        Charset charset = Charset.forName(name);
        for (int i = 0x80; i < all.length; i++) {
            String c = new String(all, i, 1, charset);
            if (!c.equals("\ufffd")) {
                table[i] = c.charAt(0);
            }
        }
        if (lossy) {
            table[LOST] = '\ufffd';
        }
        var bytes = new HashMap<Character, Byte>();
        for (int i = 0; i < table.length; i++) {
            bytes.put(table[i], (byte) i);
        }
        return new SingleByteCode(lossy, new String(table), Map.copyOf(bytes));
    }

    /// Returns whether the text can have been read by this code.
    boolean fits(String text) {
        return text.chars().allMatch(c -> bytes.containsKey((char) c));
    }

    /// Returns the bytes that the text was read from, as a text of characters up to 255.
    String encode(String text) {
        var encoded = new StringBuilder(text.length());
        text.chars()
                .forEach(c -> encoded.append((char) (bytes.getOrDefault((char) c, LOST) & 0xff)));
        return encoded.toString();
    }

    /// Returns the characters of a range of bytes.
    String characters(int from, int to) {
        return table.substring(from, to + 1);
    }
}
