package org.dit4j.app.hub;

import java.util.regex.Pattern;

/// A pattern of paths as Python's `fnmatch` has them: `*` any characters, also `/`; `?` one
/// character; `[ab]` and `[!ab]` one of these, or none of these. A pattern that ends in `/` means
/// everything in that folder.
public final class PathGlob {
    private final Pattern pattern;

    /// Compiles a pattern.
    public PathGlob(String glob) {
        pattern = Pattern.compile(regex(glob.endsWith("/") ? glob + "*" : glob), Pattern.DOTALL);
    }

    /// Returns whether the whole path fits.
    public boolean matches(String path) {
        return pattern.matcher(path).matches();
    }

    private static String regex(String glob) {
        var regex = new StringBuilder();
        int i = 0;
        while (i < glob.length()) {
            char c = glob.charAt(i);
            int end = c == '[' ? endOfSet(glob, i) : -1;
            if (end > 0) {
                regex.append(set(glob.substring(i + 1, end)));
                i = end + 1;
                continue;
            }
            switch (c) {
                case '*' -> regex.append(".*");
                case '?' -> regex.append('.');
                default -> regex.append(Pattern.quote(String.valueOf(c)));
            }
            i++;
        }
        return regex.toString();
    }

    /// The `]` that ends the set that begins at `start`; a first `]` belongs to the set.
    private static int endOfSet(String glob, int start) {
        int first = start + 1;
        if (first < glob.length() && glob.charAt(first) == '!') {
            first++;
        }
        return glob.indexOf(']', first + 1);
    }

    private static String set(String inside) {
        boolean not = inside.startsWith("!");
        String members =
                (not ? inside.substring(1) : inside).replaceAll("[\\\\\\[\\]^&]", "\\\\$0");
        return "[" + (not ? "^" : "") + members + "]";
    }
}
