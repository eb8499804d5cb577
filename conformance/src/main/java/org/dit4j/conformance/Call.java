package org.dit4j.conformance;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The text of a call in a case's json: reads the constants among its arguments.
final class Call {
    private static final Pattern CREATE = Pattern.compile("create_diffusion\\('([^']*)'([^)]*)\\)");
    private static final Pattern ARGUMENT =
            Pattern.compile("'?([a-z_]+)'?\\s*[:=]\\s*('[^']*'|[-\\w.+]+)");

    private final String text;

    Call(String text) {
        this.text = text;
    }

    /// Returns the first argument of `create_diffusion`, empty if there is none.
    String respacing() {
        Matcher m = CREATE.matcher(text);
        return m.find() ? m.group(1) : "";
    }

    /// Returns the named arguments of `create_diffusion`, without quotes.
    Map<String, String> options() {
        Matcher m = CREATE.matcher(text);
        return m.find() ? arguments(m.group(2)) : Map.of();
    }

    /// Returns the value of the last argument of that name in the whole text, or `missing`.
    String argument(String name, String missing) {
        return arguments(text).getOrDefault(name, missing);
    }

    boolean contains(String part) {
        return text.contains(part);
    }

    private static Map<String, String> arguments(String text) {
        var found = new LinkedHashMap<String, String>();
        Matcher m = ARGUMENT.matcher(text);
        while (m.find()) {
            found.put(m.group(1), m.group(2).replace("'", ""));
        }
        return found;
    }
}
