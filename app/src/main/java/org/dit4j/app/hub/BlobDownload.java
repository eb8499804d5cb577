package org.dit4j.app.hub;

import java.io.IOException;
import java.nio.file.Path;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Fetches one content: goes on where an earlier attempt ended, and keeps it only if size and hash
/// are those announced.
final class BlobDownload {
    private static final Pattern RANGE = Pattern.compile("bytes (\\d{1,18})-\\d{1,18}/(\\d{1,18})");

    private final Hub hub;
    private final ModelId id;
    private final String commit;
    private final RemoteFile file;
    private final HubCache cache;
    private final Retry retry;

    BlobDownload(Hub hub, ModelId id, String commit, RemoteFile file, HubCache cache, Retry retry) {
        this.hub = hub;
        this.id = id;
        this.commit = commit;
        this.file = file;
        this.cache = cache;
        this.retry = retry;
    }

    /// Fetches it, unless another process has done so meanwhile.
    ///
    /// @param progress takes the bytes that have come
    /// @param note takes lines about what is waited for or tried again
    /// @throws HubException if the server's content is wrong or does not come
    void run(LongConsumer progress, Consumer<String> note) {
        Runnable waiting = () -> note.accept(file.name() + ": waiting for another process");
        Path blob = cache.blob(id, file.hash());
        try (var _ = ContentLock.acquire(cache.lock(id, file.hash()), waiting)) {
            if (cache.has(id, file)) {
                return;
            }
            Path path = blob.resolveSibling(file.hash() + ".dit4j.incomplete");
            try (var part = PartialFile.open(file, path)) {
                boolean old = part.position() > 0;
                fill(part, progress, note);
                boolean right = part.finish(blob);
                if (!right && old) {
                    note.accept(file.name() + ": what an earlier attempt left is wrong; once more");
                    fill(part, progress, note);
                    right = part.finish(blob);
                }
                HubException.require(
                        right,
                        "%s: the content of %s has not the announced hash %s; nothing of it was kept",
                        id,
                        file.name(),
                        file.hash());
            }
        }
    }

    /// Tries until all bytes have come; attempts that bring some do not count as failed.
    private void fill(PartialFile part, LongConsumer progress, Consumer<String> note) {
        int failures = 0;
        while (!part.isFull()) {
            long before = part.position();
            try {
                attempt(part, progress);
            } catch (IOException e) {
                failures = part.position() > before ? 1 : failures + 1;
                String state =
                        "%s: the connection ended after %d of %d bytes (%s)"
                                .formatted(
                                        file.name(), part.position(), file.size(), Retry.reason(e));
                if (failures >= retry.attempts()) {
                    throw new HubException(state + "; the same command goes on from there", e);
                }
                note.accept(state + "; going on");
                retry.rest(failures);
            }
        }
    }

    private void attempt(PartialFile part, LongConsumer progress) throws IOException {
        try (var answer = hub.http().get(hub.address(id, commit, file.name()), part.position())) {
            if (answer.status() == 416) {
                part.restart();
                throw new IOException("the server has no such range");
            }
            hub.requireGood(answer, id, commit, file.name());
            begin(part, answer);
            try (var body = answer.body()) {
                body.forEach((bytes, n) -> {
                    part.append(bytes, n);
                    progress.accept(part.position());
                });
            }
        }
        if (!part.isFull()) {
            throw new IOException("the server stopped");
        }
    }

    /// Starts where the answer starts; a server that knows no ranges sends everything.
    private void begin(PartialFile part, HubHttp.Answer answer) throws IOException {
        var headers = answer.last().headers();
        long size = headers.firstValueAsLong("Content-Length").orElse(file.size());
        long from = 0;
        if (answer.status() == 206) {
            Matcher range = RANGE.matcher(headers.firstValue("Content-Range").orElse(""));
            if (!range.matches() || Long.parseLong(range.group(1)) != part.position()) {
                part.restart();
                throw new IOException("the server sends another range");
            }
            from = part.position();
            size = Long.parseLong(range.group(2));
        }
        HubException.require(
                size == file.size(),
                "%s: the server sends %d bytes of %s where %d were announced",
                id,
                size,
                file.name(),
                file.size());
        if (from == 0) {
            part.restart();
        }
    }
}
