package org.dit4j.app.hub;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import org.dit4j.checkpoint.JsonFile;

/// Speaks the hub's HTTP interface on the loopback address for the one model `ann/toy`: small files
/// come from the hub itself, large ones (`*.safetensors`) from a second server that it points to.
final class StandInHub implements AutoCloseable {
    static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";

    private final HttpServer hub = start(this::serveHub);
    private final HttpServer store = start(this::serveStore);
    private final CountDownLatch closed = new CountDownLatch(1);
    private final Map<String, byte[]> files = new LinkedHashMap<>();

    /// What was asked, as `hub GET /path token range`.
    final List<String> asked = new CopyOnWriteArrayList<>();

    /// Answers instead of the usual ones: the status by path.
    final Map<String, Integer> status = new ConcurrentHashMap<>();

    /// The error codes that go with them.
    final Map<String, String> errors = new ConcurrentHashMap<>();

    /// Where the store ends its next answers: after so many bytes.
    final List<Integer> breaks = new CopyOnWriteArrayList<>();

    /// The content that the store sends instead.
    volatile byte[] other = new byte[0];

    /// The status of the store's next answer instead of the usual one.
    volatile int refusal;

    volatile boolean ranges = true;
    volatile boolean silent;
    volatile boolean blobs = true;

    @FunctionalInterface
    private interface Handler {
        void handle(HttpExchange exchange) throws IOException;
    }

    private static HttpServer start(Handler handler) {
        try {
            var server =
                    HttpServer.create(
                            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
            server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
            server.createContext("/", handler::handle);
            server.start();
            return server;
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    StandInHub with(String name, byte[] content) {
        files.put(name, content);
        return this;
    }

    StandInHub with(String name, String content) {
        return with(name, content.getBytes(StandardCharsets.UTF_8));
    }

    String endpoint() {
        return "http://127.0.0.1:" + hub.getAddress().getPort();
    }

    List<String> asked(String beginning) {
        return asked.stream().filter(line -> line.startsWith(beginning)).toList();
    }

    private void note(String server, HttpExchange exchange) {
        var headers = exchange.getRequestHeaders();
        asked.add(
                "%s %s %s %s %s"
                        .formatted(
                                server,
                                exchange.getRequestMethod(),
                                exchange.getRequestURI().getRawPath(),
                                headers.getFirst("Authorization"),
                                headers.getFirst("Range")));
    }

    private void serveHub(HttpExchange exchange) throws IOException {
        note("hub", exchange);
        String path = exchange.getRequestURI().getPath();
        if (status.containsKey(path)) {
            int code = status.get(path);
            if (code >= 500) {
                status.remove(path);
            }
            if (errors.containsKey(path)) {
                exchange.getResponseHeaders().set("X-Error-Code", errors.get(path));
            }
            answer(exchange, code, new byte[0], 0);
        } else if (path.startsWith("/api/models/ann/toy/revision/")) {
            answer(exchange, 200, listing(), 0);
        } else if (path.startsWith("/ann/toy/resolve/" + COMMIT + "/")) {
            resolve(exchange, path.substring(path.indexOf(COMMIT) + 41));
        } else if (path.startsWith("/loop")) {
            exchange.getResponseHeaders().set("Location", path + "x");
            answer(exchange, 302, new byte[0], 0);
        } else {
            answer(exchange, 404, new byte[0], 0);
        }
    }

    private byte[] listing() {
        var siblings = new ArrayList<Map<String, Object>>();
        files.forEach((name, content) -> {
            var sibling = new LinkedHashMap<String, Object>();
            sibling.put("rfilename", name);
            if (blobs) {
                sibling.put("size", content.length);
                sibling.put("blobId", gitHash(content));
                if (large(name)) {
                    sibling.put("lfs", Map.of("sha256", sha256(content), "size", content.length));
                }
            }
            siblings.add(sibling);
        });
        return JsonFile.mapper()
                .writeValueAsBytes(Map.of("id", "ann/toy", "sha", COMMIT, "siblings", siblings));
    }

    private void resolve(HttpExchange exchange, String name) throws IOException {
        byte[] content = files.get(name);
        var headers = exchange.getResponseHeaders();
        if (content == null) {
            answer(exchange, 404, new byte[0], 0);
            return;
        }
        headers.set("X-Repo-Commit", COMMIT);
        if (large(name)) {
            headers.set("X-Linked-Size", String.valueOf(content.length));
            headers.set("X-Linked-Etag", "\"" + sha256(content) + "\"");
            headers.set(
                    "Location",
                    "http://127.0.0.1:" + store.getAddress().getPort() + "/store/" + name);
            answer(exchange, 302, "Found".getBytes(StandardCharsets.UTF_8), 0);
        } else {
            headers.set("ETag", "\"" + gitHash(content) + "\"");
            answer(exchange, 200, content, 0);
        }
    }

    private void serveStore(HttpExchange exchange) throws IOException {
        note("store", exchange);
        if (refusal > 0) {
            int code = refusal;
            refusal = 0;
            answer(exchange, code, new byte[0], 0);
            return;
        }
        String name = exchange.getRequestURI().getPath().substring("/store/".length());
        byte[] content = other.length > 0 ? other : files.get(name);
        String range = exchange.getRequestHeaders().getFirst("Range");
        int from = 0;
        if (range != null && ranges) {
            from = Integer.parseInt(range.replaceAll("bytes=(\\d+)-", "$1"));
            exchange.getResponseHeaders()
                    .set(
                            "Content-Range",
                            "bytes %d-%d/%d".formatted(from, content.length - 1, content.length));
        }
        answer(exchange, from > 0 ? 206 : 200, content, from);
    }

    private void answer(HttpExchange exchange, int code, byte[] content, int from)
            throws IOException {
        boolean stored = exchange.getRequestURI().getPath().startsWith("/store/");
        int end = stored && !breaks.isEmpty() ? breaks.removeFirst() : content.length;
        if (exchange.getRequestMethod().equals("HEAD")) {
            exchange.getResponseHeaders().set("Content-Length", String.valueOf(content.length));
            exchange.sendResponseHeaders(code, -1);
            exchange.close();
            return;
        }
        int length = content.length - from;
        exchange.sendResponseHeaders(code, length == 0 ? -1 : length);
        try (var out = exchange.getResponseBody()) {
            out.write(content, from, Math.min(length, end - from));
            out.flush();
            if (stored && silent) {
                closed.await();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static boolean large(String name) {
        return name.endsWith(".safetensors");
    }

    static String sha256(byte[] content) {
        return hex("SHA-256", content);
    }

    static String gitHash(byte[] content) {
        byte[] head = ("blob " + content.length + "\0").getBytes(StandardCharsets.UTF_8);
        var all = new byte[head.length + content.length];
        System.arraycopy(head, 0, all, 0, head.length);
        System.arraycopy(content, 0, all, head.length, content.length);
        return hex("SHA-1", all);
    }

    private static String hex(String algorithm, byte[] content) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance(algorithm).digest(content));
        } catch (java.security.NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        closed.countDown();
        hub.stop(0);
        store.stop(0);
    }
}
