package org.dit4j.app.hub;

import java.util.Optional;
import java.util.regex.Pattern;
import org.dit4j.ConfigException;

/// A model of the hub.
///
/// @param owner person or organisation
/// @param name of the model
public record ModelId(String owner, String name) {
    private static final Pattern PART =
            Pattern.compile("[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?");
    private static final int MAX_LENGTH = 96;

    /// Checks both parts by the hub's rules (huggingface_hub, `utils/_validators.py`), which also
    /// keep them within one folder.
    public ModelId {
        ConfigException.require(
                valid(owner) && valid(name),
                "a model of the hub is called OWNER/NAME, of letters, digits, \"-\", \"_\" and \".\", but \"%s/%s\" is not",
                owner,
                name);
    }

    private static boolean valid(String part) {
        return part.length() <= MAX_LENGTH
                && PART.matcher(part).matches()
                && !part.contains("--")
                && !part.contains("..")
                && !part.endsWith(".git");
    }

    /// Reads `OWNER/NAME`.
    ///
    /// @throws ConfigException if it is no such name
    public static ModelId parse(String text) {
        String[] parts = text.split("/", -1);
        ConfigException.require(
                parts.length == 2, "a model of the hub is called OWNER/NAME, not \"%s\"", text);
        return new ModelId(parts[0], parts[1]);
    }

    /// Returns the model of that name if it could be one.
    public static Optional<ModelId> find(String text) {
        String[] parts = text.split("/", -1);
        return parts.length == 2 && valid(parts[0]) && valid(parts[1])
                ? Optional.of(new ModelId(parts[0], parts[1]))
                : Optional.empty();
    }

    /// Returns the name of its folder in the cache.
    String folder() {
        return "models--" + owner + "--" + name;
    }

    @Override
    public String toString() {
        return owner + "/" + name;
    }
}
