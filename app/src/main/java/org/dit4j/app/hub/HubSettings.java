package org.dit4j.app.hub;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.CheckpointException;

/// Where models come from and where they are kept, by the variables of the environment that
/// Python's library reads (huggingface_hub, `constants.py` and `utils/_auth.py`).
///
/// @param endpoint address of the hub, without a slash at its end
/// @param cache the folder of all models
/// @param token for the endpoint only
/// @param offline whether nothing may be fetched
public record HubSettings(URI endpoint, HubCache cache, HubToken token, boolean offline) {
    private static final Pattern VARIABLE = Pattern.compile("\\$(?:\\{(\\w+)\\}|(\\w+))");
    private static final Set<String> TRUE = Set.of("1", "ON", "YES", "TRUE");
    private static final int MAX_TOKEN = 4096;

    /// Checks the address.
    public HubSettings {
        String scheme = String.valueOf(endpoint.getScheme()).toLowerCase(Locale.ROOT);
        ConfigException.require(
                (scheme.equals("http") || scheme.equals("https"))
                        && endpoint.getHost() != null
                        && endpoint.getRawUserInfo() == null
                        && endpoint.getRawQuery() == null
                        && endpoint.getRawFragment() == null,
                "HF_ENDPOINT must look like https://host, without user, query or fragment");
    }

    /// Reads them from an environment: `HF_ENDPOINT`, `HF_TOKEN` or the file of `HF_TOKEN_PATH`,
    /// `HF_HUB_CACHE`, `HF_HOME`, `HF_HUB_OFFLINE` and the older names of these.
    ///
    /// @param home the user's folder
    /// @throws ConfigException if the address or the token is none
    public static HubSettings of(Map<String, String> environment, Path home) {
        String address = value(environment, "HF_ENDPOINT", "https://huggingface.co");
        URI endpoint;
        try {
            endpoint = URI.create(address.replaceAll("/+$", ""));
        } catch (IllegalArgumentException e) {
            throw new ConfigException("HF_ENDPOINT must look like https://host", e);
        }
        return new HubSettings(
                endpoint,
                cache(environment, home),
                token(environment, home),
                flag(environment, "HF_HUB_OFFLINE") || flag(environment, "TRANSFORMERS_OFFLINE"));
    }

    /// Returns the cache of an environment alone.
    public static HubCache cache(Map<String, String> environment, Path home) {
        String old = value(environment, "HUGGINGFACE_HUB_CACHE", "");
        String path = value(environment, "HF_HUB_CACHE", old);
        return new HubCache(
                path.isEmpty()
                        ? hfHome(environment, home).resolve("hub")
                        : expanded(path, environment, home));
    }

    private static Path hfHome(Map<String, String> environment, Path home) {
        String own = value(environment, "HF_HOME", "");
        if (!own.isEmpty()) {
            return expanded(own, environment, home);
        }
        String caches = value(environment, "XDG_CACHE_HOME", "~/.cache");
        return expanded(caches, environment, home).resolve("huggingface");
    }

    private static HubToken token(Map<String, String> environment, Path home) {
        if (flag(environment, "HF_HUB_DISABLE_IMPLICIT_TOKEN")) {
            return HubToken.NONE;
        }
        String old = value(environment, "HUGGING_FACE_HUB_TOKEN", "");
        String given = value(environment, "HF_TOKEN", old);
        if (!given.isEmpty()) {
            return new HubToken(given);
        }
        String file = value(environment, "HF_TOKEN_PATH", "");
        return stored(
                file.isEmpty()
                        ? hfHome(environment, home).resolve("token")
                        : expanded(file, environment, home));
    }

    private static HubToken stored(Path file) {
        if (!Files.isRegularFile(file)) {
            return HubToken.NONE;
        }
        try {
            ConfigException.require(
                    Files.size(file) <= MAX_TOKEN, "%s is too long for a token", file);
            return new HubToken(Files.readString(file).strip());
        } catch (IOException e) {
            throw CheckpointException.io("read", file, e);
        }
    }

    private static String value(Map<String, String> environment, String name, String otherwise) {
        String value = environment.getOrDefault(name, "").strip();
        return value.isEmpty() ? otherwise : value;
    }

    private static boolean flag(Map<String, String> environment, String name) {
        return TRUE.contains(value(environment, name, "").toUpperCase(Locale.ROOT));
    }

    /// A leading `~` is the user's folder; `$NAME` and `${NAME}` are variables, if there are such.
    private static Path expanded(String path, Map<String, String> environment, Path home) {
        String own = path.equals("~") || path.startsWith("~/") ? home + path.substring(1) : path;
        String full =
                VARIABLE.matcher(own)
                        .replaceAll(m -> {
                            String name = m.group(1) == null ? m.group(2) : m.group(1);
                            String value = environment.getOrDefault(name, m.group());
                            return Matcher.quoteReplacement(value);
                        });
        return Path.of(full).toAbsolutePath();
    }
}
