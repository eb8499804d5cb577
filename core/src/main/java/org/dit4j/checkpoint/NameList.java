package org.dit4j.checkpoint;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Many tensor names in one readable line.
final class NameList {
    private NameList() {}

    /// Joins `names`; from `limit` on, names that differ only in the number of their block become
    /// one, such as `blocks.{0..27}.attn.qkv.bias`, and the rest is counted.
    static String text(List<String> names, int limit) {
        if (names.size() <= limit) {
            return String.join(", ", names);
        }
        Map<String, Range> families = new LinkedHashMap<>();
        for (String name : names) {
            String family = name.replaceFirst("\\.\\d+\\.", ".{}.");
            families.merge(family, Range.of(name), Range::join);
        }
        List<String> lines =
                families.entrySet().stream()
                        .map(e -> e.getKey().replace("{}", e.getValue().toString()))
                        .toList();
        int more = lines.size() - limit;
        return String.join(", ", lines.subList(0, Math.min(limit, lines.size())))
                + (more > 0 ? " and " + more + " more kinds" : "");
    }

    private record Range(String low, String high) {
        static Range of(String name) {
            String number = name.replaceFirst("^.*?\\.(\\d+)\\..*$", "$1");
            return new Range(number, number);
        }

        Range join(Range other) {
            return new Range(low, other.high);
        }

        @Override
        public String toString() {
            return low.equals(high) ? low : "{" + low + ".." + high + "}";
        }
    }
}
