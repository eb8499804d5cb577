package org.dit4j.app.language;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.regex.Pattern;

/// What a language model is told to do, in English and Chinese: the files `NAME-LANGUAGE.txt`
/// beside this class.
enum Instruction {
    /// Makes a short prompt one that says what is seen, in the way of Hunyuan-DiT's prompt
    /// enhancement (Li et al. 2024, arXiv:2405.08748).
    ENHANCE,

    /// Makes one more caption of those that a picture has, in the way of Hunyuan-DiT's caption
    /// refinement, but without looking at the picture.
    REFINE;

    private static final Pattern HAN = Pattern.compile("\\p{IsHan}");
    private static final Pattern OTHER =
            Pattern.compile("[\\p{IsHiragana}\\p{IsKatakana}\\p{IsHangul}]");
    private static final Pattern WORD = Pattern.compile("[\\p{L}&&[^\\p{IsHan}]]+");

    /// Returns the instruction in the language of a text: Chinese if it has more Chinese characters
    /// than words of letters and nothing of Japanese or Korean, otherwise English, which says that
    /// the answer is to be in the language of the text.
    String inLanguageOf(String text) {
        boolean chinese =
                !OTHER.matcher(text).find()
                        && HAN.matcher(text).results().count()
                                > WORD.matcher(text).results().count();
        String file = "%s-%s.txt".formatted(name().toLowerCase(Locale.ROOT), chinese ? "zh" : "en");
        try (InputStream in = Instruction.class.getResourceAsStream(file)) {
            if (in == null) {
                throw new IllegalStateException("the program lacks its file " + file);
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8).strip();
        } catch (IOException e) {
            throw new UncheckedIOException(file, e);
        }
    }
}
