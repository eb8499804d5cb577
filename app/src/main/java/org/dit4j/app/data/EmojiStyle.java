package org.dit4j.app.data;

import java.util.Locale;

/// A set of drawings of the emoji.
public enum EmojiStyle {
    /// Google's, 64 x 64.
    NOTO(
            new NpmPackage(
                    "emoji-datasource-google",
                    "16.0.0",
                    "sha512-ZRexfzs7MVoLnmzZmNsO4TKhnAJp5D++Vm6PpUpH/jEQQlemp3l88CjZ+DoZ2faM9R4QxZkOPJCoT8DlPhfQ3A==",
                    "MIT"),
            "package/img/google/64/",
            ".png",
            "Noto Emoji, Google, Apache-2.0",
            "noto",
            "Noto"),
    /// Twitter's, 64 x 64.
    TWEMOJI(
            new NpmPackage(
                    "emoji-datasource-twitter",
                    "16.0.0",
                    "sha512-7F+uCuHH+7Qnrc15P5tnbvKkg9E6tlzi4MnT2uW1RlN4pLYTza6cP/dstIfSDMtpjFLWuZewWg8jBbuL2eyELQ==",
                    "MIT"),
            "package/img/twitter/64/",
            ".png",
            "Twemoji, Twitter and contributors, CC-BY 4.0",
            "twemoji",
            "Twemoji"),
    /// Microsoft's in three dimensions, 256 x 256.
    FLUENT(
            new NpmPackage(
                    "@lobehub/fluent-emoji-3d",
                    "1.1.0",
                    "sha512-Wlq2lVStTnr8BDpIJ0pEnTKO4LuDxxqTEhTvRtD1DLRF0me7ogeRQjKoehDHXuVJ2Qaecgl5wRBv60lUAG3h7g==",
                    "MIT"),
            "package/assets/",
            ".webp",
            "Fluent Emoji, Microsoft, MIT",
            "fluent-3d",
            "3D");

    private final NpmPackage pack;
    private final String folder;
    private final String ending;
    private final String credit;
    private final String key;
    private final String word;

    EmojiStyle(
            NpmPackage pack, String folder, String ending, String credit, String key, String word) {
        this.pack = pack;
        this.folder = folder;
        this.ending = ending;
        this.credit = credit;
        this.key = key;
        this.word = word;
    }

    NpmPackage pack() {
        return pack;
    }

    /// Returns whose drawings they are, and their licence.
    String credit() {
        return credit;
    }

    /// Returns its name in `metadata.jsonl`.
    String key() {
        return key;
    }

    /// Returns the word for it in captions of both languages, such as `3D`.
    String word() {
        return word;
    }

    /// Returns what a caption calls it, such as `3D style`.
    String english() {
        return word + " style";
    }

    /// Returns what a Chinese caption calls it, such as `3D风格`.
    String chinese() {
        return word + "风格";
    }

    /// Returns whether a file of the package is one of the drawings.
    boolean holds(String entry) {
        int from = folder.length();
        return entry.startsWith(folder) && entry.endsWith(ending) && entry.indexOf('/', from) < 0;
    }

    /// Returns the code points that the name of a drawing stands for.
    String hexcode(String entry) {
        return entry.substring(folder.length(), entry.length() - ending.length());
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
