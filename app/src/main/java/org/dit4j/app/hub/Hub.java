package org.dit4j.app.hub;

import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.dit4j.checkpoint.JsonFile;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/// What is asked of a hub: the files of a revision, and size and hash of each.
final class Hub implements AutoCloseable {
    private static final Pattern COMMIT = Pattern.compile("[0-9a-f]{40}");
    private static final int MAX_LISTING = 64 << 20;

    private final HubSettings settings;
    private final Retry retry;
    private final HubHttp http;

    Hub(HubSettings settings, Retry retry) {
        this.settings = settings;
        this.retry = retry;
        http = new HubHttp(settings, retry.stall());
    }

    /// The files of a revision.
    ///
    /// @param commit 40 digits
    /// @param files what the listing says of each name; both may be unknown
    record Listing(String commit, Map<String, Announced> files) {}

    /// What a listing may say of a file.
    ///
    /// @param size in bytes, or -1
    /// @param hash or null
    record Announced(long size, @Nullable ContentHash hash) {}

    HubHttp http() {
        return http;
    }

    /// Lists the files of a revision: `/api/models/OWNER/NAME/revision/R?blobs=true`.
    ///
    /// @throws HubException if there is no such model or revision, or it is not for us
    Listing list(ModelId id, String revision) {
        String path = "/api/models/%s/revision/%s?blobs=true".formatted(id, encode(revision));
        JsonNode json = tree(id, ask(id, revision, path));
        String commit = json.path("sha").asString("");
        HubException.require(
                isCommit(commit), "%s: the hub does not say which commit %s is", id, revision);
        var files = new LinkedHashMap<String, Announced>();
        for (JsonNode sibling : json.path("siblings")) {
            String name = sibling.path("rfilename").asString("");
            RemoteFile.requireInside(name);
            files.put(name, announced(sibling));
        }
        return new Listing(commit, files);
    }

    private static Announced announced(JsonNode sibling) {
        JsonNode lfs = sibling.path("lfs");
        String hash = lfs.path("sha256").asString(sibling.path("blobId").asString(""));
        long size = lfs.path("size").asLong(sibling.path("size").asLong(-1));
        return new Announced(size, ContentHash.ofEtag(hash).orElse(null));
    }

    private byte[] ask(ModelId id, String revision, String path) {
        URI address = URI.create(settings.endpoint() + path);
        try {
            return retry.call(() -> {
                try (var answer = http.get(address, 0)) {
                    requireGood(answer, id, revision, "");
                    try (var body = answer.body()) {
                        return body.readAll(MAX_LISTING);
                    }
                }
            });
        } catch (IOException e) {
            throw unreachable(id, e);
        }
    }

    private static JsonNode tree(ModelId id, byte[] json) {
        try {
            return JsonFile.mapper().readTree(json);
        } catch (JacksonException e) {
            throw new HubException(id + ": the hub's list of files is not JSON", e);
        }
    }

    /// Returns size and hash of a file: what the headers say, and otherwise what the listing said.
    ///
    /// @throws HubException if the two differ, or neither says it
    RemoteFile describe(ModelId id, String commit, String name, Announced listed) {
        try {
            return retry.call(() -> {
                try (var answer = http.head(address(id, commit, name))) {
                    if (!answer.redirects()) {
                        requireGood(answer, id, commit, name);
                    }
                    return file(id, name, answer, listed);
                }
            });
        } catch (IOException e) {
            throw unreachable(id, e);
        }
    }

    private static RemoteFile file(
            ModelId id, String name, HubHttp.Answer answer, Announced listed) {
        var last = answer.last().headers();
        Optional<ContentHash> hash =
                Stream.of(answer.first("X-Linked-Etag"), last.firstValue("ETag"))
                        .flatMap(Optional::stream)
                        .flatMap(etag -> ContentHash.ofEtag(etag).stream())
                        .findFirst();
        // what another server sends is not announced by the length of an answer that points to it
        String length = answer.redirects() ? "" : last.firstValue("Content-Length").orElse("");
        long size = number(answer.first("X-Linked-Size").orElse(length));
        boolean agree =
                (size < 0 || listed.size < 0 || size == listed.size)
                        && (hash.isEmpty()
                                || listed.hash == null
                                || hash.get().equals(listed.hash));
        HubException.require(agree, "%s: the hub announces two different contents of %s", id, name);
        @Nullable ContentHash known = hash.orElse(listed.hash);
        long bytes = Math.max(size, listed.size);
        if (known == null || bytes < 0) {
            throw new HubException(
                    "%s: the hub does not say size and hash of %s, so it could not be checked"
                            .formatted(id, name));
        }
        return new RemoteFile(name, bytes, known);
    }

    private static long number(String digits) {
        return digits.matches("\\d{1,18}") ? Long.parseLong(digits) : -1;
    }

    /// Returns the address of a file: `/OWNER/NAME/resolve/COMMIT/FILE`.
    URI address(ModelId id, String commit, String name) {
        String file = Stream.of(name.split("/")).map(Hub::encode).collect(Collectors.joining("/"));
        return URI.create("%s/%s/resolve/%s/%s".formatted(settings.endpoint(), id, commit, file));
    }

    /// Throws what an answer without the wanted content means.
    ///
    /// @param file the file asked for, or empty
    /// @throws IOException if it may be otherwise at the next attempt
    void requireGood(HubHttp.Answer answer, ModelId id, String revision, String file)
            throws IOException {
        int status = answer.status();
        if (status == 200 || status == 206) {
            return;
        }
        // where the hub points to holds for a while only, then it refuses
        if (status == 408 || status == 429 || status >= 500 || !answer.own()) {
            throw new IOException("the server answered " + status);
        }
        String code = answer.first("X-Error-Code").orElse("");
        throw new HubException(meaning(status, code, id, revision, file));
    }

    private String meaning(int status, String code, ModelId id, String revision, String file) {
        String hub = settings.endpoint().getHost();
        if (code.equals("GatedRepo") || status == 403) {
            return "%s: %s gives it only to whom its owner allowed it; ask for access on its page and set HF_TOKEN"
                    .formatted(id, hub);
        }
        if (status == 401) {
            return settings.token().isEmpty()
                    ? "%s: %s has no such model, or a private one; for a private one set HF_TOKEN"
                            .formatted(id, hub)
                    : "%s: %s has no such model, or one that the given token does not open"
                            .formatted(id, hub);
        }
        if (code.equals("RevisionNotFound")) {
            return "%s has no revision %s".formatted(id, revision);
        }
        if (status == 404) {
            return file.isEmpty()
                    ? "%s: %s has no such model, or not its revision %s"
                            .formatted(id, hub, revision)
                    : "%s has no file %s at %s".formatted(id, file, revision);
        }
        return "%s: %s answered %d".formatted(id, hub, status);
    }

    private HubException unreachable(ModelId id, IOException e) {
        return new HubException(
                "%s: %s cannot be reached: %s".formatted(id, settings.endpoint(), Retry.reason(e)),
                e);
    }

    static boolean isCommit(String revision) {
        return COMMIT.matcher(revision).matches();
    }

    private static String encode(String part) {
        return URLEncoder.encode(part, StandardCharsets.UTF_8).replace("+", "%20");
    }

    @Override
    public void close() {
        http.close();
    }
}
