package org.dit4j.conformance;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;

/// How a case says that something was computed tile by tile: `enable_tiling(...)` in the
/// description of the result, or numbers by name below `values.tiling`.
///
/// @param arguments of `enable_tiling`, as written
/// @param values `values.tiling`
record TilingCall(String arguments, JsonNode values) {
    private static final Pattern CALL = Pattern.compile("enable_tiling\\(([^)]*)\\)");

    static TilingCall of(ReferenceCase c, String tensor) {
        Matcher call = CALL.matcher(c.json().path("tensors").path(tensor).asString(""));
        return new TilingCall(call.find() ? call.group(1) : "", c.value("tiling"));
    }

    /// Returns a number that was given by name or at that position, else `missing`.
    double number(String name, int position, double missing) {
        return values.path(name).asDouble(written(name, position).orElse(missing));
    }

    /// Returns a whole number that was given by name or at that position, else `missing`.
    int integer(String name, int position, int missing) {
        return (int) number(name, position, missing);
    }

    private Optional<Double> written(String name, int position) {
        String[] all = arguments.isBlank() ? new String[0] : arguments.split(",");
        for (int i = 0; i < all.length; i++) {
            String[] parts = all[i].split("=");
            boolean named = parts.length == 2;
            if (named ? parts[0].strip().equals(name) : i == position) {
                return Optional.of(Double.parseDouble(parts[parts.length - 1].strip()));
            }
        }
        return Optional.empty();
    }
}
