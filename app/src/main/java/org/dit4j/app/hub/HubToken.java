package org.dit4j.app.hub;

import org.dit4j.ConfigException;

/// The secret that opens private models. It prints as `***`.
///
/// @param value empty for none
public record HubToken(String value) {
    /// No token.
    public static final HubToken NONE = new HubToken("");

    /// Checks that it can stand in a header; the message does not show it.
    public HubToken {
        ConfigException.require(
                value.chars().allMatch(c -> c > ' ' && c < 127),
                "the token of the hub must be of printable ASCII characters without spaces");
    }

    /// Returns whether there is none.
    boolean isEmpty() {
        return value.isEmpty();
    }

    @Override
    public String toString() {
        return isEmpty() ? "none" : "***";
    }
}
