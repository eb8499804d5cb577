package org.dit4j.app.language;

import java.util.Map;
import org.dit4j.ConfigException;

/// The secret that a language model's endpoint asks for. It comes from the environment only, and
/// prints as `***`.
///
/// @param value empty for none
public record ApiKey(String value) {
    /// The variable of the environment that holds it.
    public static final String VARIABLE = "DIT4J_LLM_API_KEY";

    /// No key.
    public static final ApiKey NONE = new ApiKey("");

    /// Checks that it can stand in a header; the message does not show it.
    public ApiKey {
        ConfigException.require(
                value.chars().allMatch(c -> c > ' ' && c < 127),
                "%s must be of printable ASCII characters without spaces",
                VARIABLE);
    }

    /// Returns the key of an environment, [#NONE] if it has none.
    public static ApiKey of(Map<String, String> environment) {
        return new ApiKey(environment.getOrDefault(VARIABLE, "").strip());
    }

    /// Returns whether there is none.
    boolean isEmpty() {
        return value.isEmpty();
    }

    /// Returns the text with `***` where it shows the key.
    String hide(String text) {
        return isEmpty() ? text : text.replace(value, "***");
    }

    @Override
    public String toString() {
        return isEmpty() ? "none" : "***";
    }
}
