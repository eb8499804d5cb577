package org.dit4j;

/// A configuration, a request or an option is not acceptable: message = rule + value.
public class ConfigException extends Dit4jException {
    private static final long serialVersionUID = 1L;

    /// Creates an exception with the line that a user reads.
    public ConfigException(String message) {
        super(message);
    }

    /// Creates an exception with the line that a user reads and what caused it.
    public ConfigException(String message, Throwable cause) {
        super(message, cause);
    }

    /// Throws unless `rule` holds.
    ///
    /// @throws ConfigException with `message` formatted with `args`
    public static void require(boolean rule, String message, Object... args) {
        if (!rule) {
            throw new ConfigException(String.format(message, args));
        }
    }
}
