package org.dit4j.app.language;

import java.net.URI;
import java.util.Locale;
import org.dit4j.ConfigException;

/// Where a language model is, and how it is spoken to.
///
/// @param protocol how
/// @param address of the part that the protocol's paths are added to, without user, query and
///   fragment
public record Endpoint(Protocol protocol, URI address) {
    private static final String OLLAMA = "ollama:";

    /// How a language model is spoken to.
    public enum Protocol {
        /// As OpenAI's chat completions, which many servers understand.
        OPENAI,
        /// As Ollama's own chat.
        OLLAMA
    }

    /// Checks the address.
    public Endpoint {
        String scheme = String.valueOf(address.getScheme()).toLowerCase(Locale.ROOT);
        ConfigException.require(
                (scheme.equals("http") || scheme.equals("https")) && address.getHost() != null,
                "the address of a language model must look like https://host/v1 or ollama:http://host:11434");
        ConfigException.require(
                address.getRawUserInfo() == null
                        && address.getRawQuery() == null
                        && address.getRawFragment() == null,
                "the address of a language model must have no user, query or fragment; a key belongs into %s",
                ApiKey.VARIABLE);
    }

    /// Reads `http(s)://host/v1`, or `ollama:http(s)://host:11434`.
    ///
    /// @throws ConfigException if it is no such address
    public static Endpoint parse(String text) {
        boolean ollama = text.startsWith(OLLAMA);
        String address = (ollama ? text.substring(OLLAMA.length()) : text).replaceAll("/+$", "");
        try {
            return new Endpoint(ollama ? Protocol.OLLAMA : Protocol.OPENAI, URI.create(address));
        } catch (IllegalArgumentException e) {
            throw new ConfigException(
                    "the address of a language model must look like https://host/v1 or ollama:http://host:11434",
                    e);
        }
    }

    @Override
    public String toString() {
        return address.toString();
    }
}
