package org.dit4j.text;

import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/// What damaged text looks like. The kinds of characters and the rules about their neighbours are
/// those of ftfy 6.3 (Apache-2.0, `badness.py` and `chardata.py`); what UTF-8 looks like in other
/// codes is computed from the codes.
final class MojibakePatterns {
    private static final String PUNCTUATION = "{start}{end}";
    private static final String ACCENTED = "{lower}{upper}";

    /// Ranges of regular expressions.
    private static final Map<String, String> KINDS =
            Map.ofEntries(
                    Map.entry("common", "\u00a0\u00ad·´–-―’…"),
                    Map.entry("c1", "\u0080-\u009f"),
                    Map.entry("bad", "¤¦¨ª¬¯¸ºƒˆˇ˘˛˜†‡‰⌐◊\ufffd"),
                    Map.entry("law", "§¶"),
                    Map.entry("currency", "¢£¥₧€"),
                    Map.entry("start", "¡©«¿΄΅‘‚“„•‹\uf8ff"),
                    Map.entry("end", "®»˝”›™"),
                    Map.entry("numeric", "±-³µ¹¼-¾×÷⁄№∂∆∏∑√∞∩∫≈≠≡≤≥"),
                    Map.entry("faces", "°Ò-ÖÙ-Üò-öø-üŌŐŪŲ"),
                    Map.entry("upper", "À-ÑØÜÝĀĂĄĆČĎĐĒĖĘĚĞĢĪİĶĹĻĽŁŃŅŇŒŘŚŞŠŢŤŮŰŸŹŻŽҐ"),
                    Map.entry("lower", "ß-ñüāăąćčďđēėęěğģīįķĺļľłœŕśşšťźżžґ\ufb01\ufb02"),
                    Map.entry("upperCommon", "ÞΆΈ-ΊΌΎΏΑ-ΫЁ-Я"),
                    Map.entry("lowerCommon", "ά-ωа-џ"),
                    Map.entry("box", "│┌┐┘├┤┬┼═-╬▀▄█▌▐-▓"),
                    Map.entry("space", "\\p{IsWhite_Space}\\x1c-\\x1f"),
                    Map.entry("word", "\\p{L}\\p{N}_"));

    /// Neighbours that hardly occur in text that is right.
    private static final List<String> UNLIKELY =
            List.of(
                    "[{c1}]",
                    "[{bad}"
                            + ACCENTED
                            + "{box}"
                            + PUNCTUATION
                            + "{currency}{numeric}{law}][{bad}]",
                    "[a-zA-Z][{lowerCommon}{upperCommon}][{bad}]",
                    "[{bad}][" + ACCENTED + "{box}" + PUNCTUATION + "{currency}{numeric}{law}]",
                    "[{lower}{lowerCommon}{box}{end}{currency}{numeric}][{upper}]",
                    "[{box}{end}{currency}{numeric}][{lower}]",
                    "[{lower}{box}{end}][{currency}]",
                    "[{space}][{upper}][{currency}]",
                    "[{upper}{box}][{numeric}{law}]",
                    "[" + ACCENTED + "{box}{currency}{end}][{start}][{numeric}]",
                    "[" + ACCENTED + "{currency}{numeric}{box}{law}][{end}][{start}]",
                    "[{currency}{numeric}{box}][{start}]",
                    "[a-z][{upper}][{start}{currency}]",
                    "[{box}][{faces}]",
                    "[" + ACCENTED + "{currency}{numeric}" + PUNCTUATION + "{law}][{box}]",
                    "[{box}][{end}]",
                    "[" + ACCENTED + "][" + PUNCTUATION + "][{word}]",
                    "[Œœ][^A-Za-z]",
                    "[{upper}]°",
                    // of Windows-1252, two and three bytes, Arabic, South Asian scripts
                    "[ÂÃÎÐ][€œŠš¢£Ÿž\u00a0\u00ad®©°·»" + PUNCTUATION + "–—´]",
                    "×[²³]",
                    "(?:[ØÙ][{common}{currency}{bad}{numeric}{start}ŸŠ®°µ»]){2}",
                    "à[²µ¹¼½¾]",
                    // of MacRoman
                    "√[±∂†≠®™´≤≥¥µø]",
                    "≈[°¢]",
                    "‚Ä[ìîïòôúùû†°¢π]",
                    "‚[âó][àä°ê]",
                    // of Windows-1251
                    "вЂ",
                    "[ВГРС][{c1}{bad}" + PUNCTUATION + "{currency}°µ][ВГРС]",
                    "ГўВЂВ[^\\n][A-Za-z ]",
                    // of Windows-1252 with a space that was a byte A0
                    "Ã[\u00a0¡]",
                    "[a-z][{space}]?[ÃÂ] ",
                    "^[ÃÂ] ",
                    "[a-z.,?!{end}]Â[ " + PUNCTUATION + "]",
                    // of Windows-1253 and Windows-1257
                    "β€[™\u00a0Ά\u00ad®°]",
                    "[ΒΓΞΟ][{c1}{bad}" + PUNCTUATION + "{currency}°][ΒΓΞΟ]",
                    "ā€");

    /// Finds what is hardly right.
    static final Pattern BAD = Pattern.compile(filled(String.join("|", UNLIKELY)));

    /// Characters of later bytes that stand for themselves just as often.
    private static final String ORDINARY = "–—―‘’‚“”„•…";

    /// Finds what is UTF-8 that was read by another code, and no part of more of that.
    static final Pattern UTF_8 = Pattern.compile(utf8());

    private MojibakePatterns() {}

    private static String filled(String template) {
        String pattern = template;
        for (var kind : KINDS.entrySet()) {
            pattern = pattern.replace("{" + kind.getKey() + "}", kind.getValue());
        }
        return pattern;
    }

    private static String utf8() {
        String later = characters(0x80, 0xbf);
        String strict =
                later.chars()
                        .filter(c -> ORDINARY.indexOf(c) < 0)
                        .mapToObj(Character::toString)
                        .collect(Collectors.joining());
        // a space may have been a byte A0; of four bytes, only these two begin characters in use;
        // without going back, so that long text does not exhaust the stack
        return "(?<![%2$s])(?:[%3$s][ %1$s]|[%4$s][ %1$s]{2}|[%5$s][ %1$s]{3})++"
                .formatted(
                        later,
                        strict,
                        characters(0xc2, 0xdf),
                        characters(0xe0, 0xef),
                        characters(0xf0, 0xf0) + characters(0xf3, 0xf3));
    }

    /// What bytes are in any of the codes that are mixed up with Latin-1.
    private static String characters(int from, int to) {
        var all = new TreeSet<Character>();
        for (SingleByteCode code : SingleByteCode.LIKE_LATIN_1) {
            code.characters(from, to).chars().forEach(c -> all.add((char) c));
        }
        return all.stream().map(String::valueOf).collect(Collectors.joining());
    }
}
