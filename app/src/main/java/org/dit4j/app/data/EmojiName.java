package org.dit4j.app.data;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Turns the labels of Unicode's CLDR, such as `flag: Chad`, `man: bald` and `旗: 乍得`, into what one
/// would write in a sentence.
final class EmojiName {
    private static final Pattern ENGLISH_VOWEL =
            Pattern.compile(
                    "(?i:(?!one\\b|uni|use|eu|u\\.s|ufo|utility)[aeiou]|hour|heir|x-ray|8|11|18).*"
                            + "|(SOS|NG|MRI|M|O|X|F|L|S|N)\\b.*");
    private static final Pattern HEAD =
            Pattern.compile(
                    "^(.*?)(?: (?:with|of|in|on|from|for|behind|over|holding|showing) .*)?$");
    private static final Set<String> MASS =
            Set.of(
                    "people",
                    "women",
                    "men",
                    "hair",
                    "rice",
                    "bread",
                    "infinity",
                    "ice",
                    "fog",
                    "rain",
                    "snow",
                    "lightning",
                    "fire",
                    "water",
                    "money",
                    "garlic",
                    "broccoli",
                    "ginger",
                    "cheese",
                    "popcorn",
                    "butter",
                    "salt",
                    "bacon",
                    "sake",
                    "wood",
                    "meat",
                    "yarn",
                    "sushi",
                    "chocolate",
                    "mate",
                    "toast");
    private static final Pattern BARE =
            Pattern.compile(
                    "(no|thumbs|palms|children) .*|rolling on .*|dashing away|breast-feeding|cooking"
                            + "|camping|building construction|tennis|bowling|ping pong|skis|pouring liquid"
                            + "|woman and man .*");
    private static final Pattern CHINESE_PERSON = Pattern.compile("女人|男人|女孩|男孩|成人|孩子");

    private EmojiName() {}

    /// Returns an English name without colon.
    static String english(String label) {
        String plain = label.replace('’', '\'').replace('“', '"').replace('”', '"');
        int colon = plain.indexOf(": ");
        if (colon < 0) {
            return plain;
        }
        String head = plain.substring(0, colon);
        String rest = plain.substring(colon + 2);
        return switch (head) {
            case "flag" -> "flag of " + rest;
            case "man", "woman", "person" ->
                    rest.equals("bald") ? "bald " + head : head + " with " + article(rest);
            case "family", "kiss", "couple with heart" -> head + " (" + rest + ")";
            default -> head + " " + rest;
        };
    }

    /// A beard is one, hair is not.
    private static String article(String rest) {
        return rest.equals("beard") ? "a beard" : rest;
    }

    /// Returns an English name with `a` or `an` where a single thing takes it.
    static String withArticle(String name, String group) {
        if (group.equals("flags")) {
            return name.startsWith("flag of ") ? "the " + name : a(name);
        }
        if (BARE.matcher(name).matches()) {
            return name;
        }
        Matcher head = HEAD.matcher(name.replaceFirst(" \\(.*", ""));
        String noun = head.matches() ? head.group(1) : name;
        String last = noun.substring(noun.lastIndexOf(' ') + 1);
        boolean plural = last.matches(".*[^sui']s") && !last.matches(".*(ss|lens|bus|compass)");
        boolean action = last.endsWith("ing") && noun.matches("(men|women|people) .*");
        boolean proper =
                Character.isUpperCase(name.charAt(0))
                        && !noun.matches(
                                ".*\\b(button|castle|dolls|post office|symbol.*|hand|tree|sign|necktie|arrow|flag)");
        boolean symbol = group.equals("symbols") && !noun.contains(" ");
        return plural || action || proper || symbol || MASS.contains(last) ? name : a(name);
    }

    /// Returns the text after `a` or `an`, whichever fits its first sound.
    static String a(String text) {
        return (ENGLISH_VOWEL.matcher(text).matches() ? "an " : "a ") + text;
    }

    /// Returns a Chinese name with Chinese punctuation.
    static String chinese(String label) {
        String plain = label.replace("(", "（").replace(")", "）").replace(", ", "、");
        int colon = plain.indexOf(": ");
        if (colon < 0) {
            return plain;
        }
        String head = plain.substring(0, colon);
        String rest = plain.substring(colon + 2);
        return switch (head) {
            case "旗" -> rest + "旗帜";
            case "按键" -> "按键" + rest;
            case "男人", "女人", "成人" -> rest + (rest.endsWith("秃顶") ? "的" : "") + head;
            case "家庭", "亲吻", "情侣" -> head + "（" + people(rest) + "）";
            case "男生跑步", "女生跑步" -> rest + "、跑步的" + head.substring(0, 2);
            default ->
                    rest.startsWith("面向")
                            ? rest + (head.contains("的") ? "、" : "的") + head
                            : head + "，" + rest;
        };
    }

    private static String people(String rest) {
        List<String> people = new ArrayList<>();
        Matcher person = CHINESE_PERSON.matcher(rest);
        while (person.find()) {
            people.add(person.group());
        }
        return String.join("、", people).length() - people.size() + 1 == rest.length()
                ? String.join("、", people)
                : rest;
    }
}
