package org.dit4j.app.language;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.function.UnaryOperator;
import org.dit4j.checkpoint.JsonFile;
import tools.jackson.databind.JsonNode;

/// Speaks OpenAI's chat completions at `/v1/chat/completions` and Ollama's chat at `/api/chat`, on
/// the loopback address: gives the prepared replies in turn, and then what `otherwise` makes of the
/// question.
public final class StandInServer implements AutoCloseable {
    private final HttpServer server;
    private final CountDownLatch closed = new CountDownLatch(1);
    private final Queue<Reply> replies = new ArrayDeque<>();
    private volatile UnaryOperator<String> otherwise = text -> "refined: " + text;

    /// What was asked, in order.
    public final List<Asked> asked = new CopyOnWriteArrayList<>();

    /// A question as it arrived.
    public record Asked(String path, String authorization, JsonNode body) {
        /// Returns the text of the message of a role.
        public String message(String role) {
            return body.path("messages")
                    .valueStream()
                    .filter(m -> m.path("role").asString().equals(role))
                    .findFirst()
                    .orElseThrow()
                    .path("content")
                    .asString();
        }
    }

    private record Reply(int status, String body, boolean stalls) {}

    public StandInServer() {
        try {
            server =
                    HttpServer.create(
                            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.createContext("/", this::serve);
        server.start();
    }

    private void serve(HttpExchange exchange) throws IOException {
        JsonNode body = JsonFile.mapper().readTree(exchange.getRequestBody().readAllBytes());
        String path = exchange.getRequestURI().getPath();
        var auth = exchange.getRequestHeaders().getFirst("Authorization");
        var question = new Asked(path, auth == null ? "" : auth, body);
        asked.add(question);
        Reply reply;
        synchronized (replies) {
            reply = replies.poll();
        }
        if (reply == null) {
            reply = new Reply(200, wrap(path, otherwise.apply(question.message("user"))), false);
        }
        byte[] bytes = reply.body.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().add("Content-Type", "application/json");
        exchange.sendResponseHeaders(reply.status, bytes.length);
        try (var out = exchange.getResponseBody()) {
            if (reply.stalls) {
                out.write(bytes, 0, 1);
                out.flush();
                closed.await();
            }
            out.write(bytes);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static String wrap(String path, String answer) {
        var message = Map.of("role", "assistant", "content", answer);
        Object body =
                path.startsWith("/api/")
                        ? Map.of("model", "toy", "message", message, "done", true)
                        : Map.of(
                                "id", "1",
                                "model", "toy",
                                "choices",
                                        List.of(
                                                Map.of(
                                                        "index",
                                                        0,
                                                        "message",
                                                        message,
                                                        "finish_reason",
                                                        "stop")));
        return JsonFile.mapper().writeValueAsString(body);
    }

    public StandInServer answering(UnaryOperator<String> answers) {
        otherwise = answers;
        return this;
    }

    public StandInServer reply(int status, String body) {
        synchronized (replies) {
            replies.add(new Reply(status, body, false));
        }
        return this;
    }

    /// Sends the headers and the first byte, and no more.
    public StandInServer stall() {
        synchronized (replies) {
            replies.add(new Reply(200, wrap("", "too late"), true));
        }
        return this;
    }

    public String openAi() {
        return "http://127.0.0.1:%d/v1".formatted(server.getAddress().getPort());
    }

    public String ollama() {
        return "ollama:http://127.0.0.1:%d/".formatted(server.getAddress().getPort());
    }

    @Override
    public void close() {
        closed.countDown();
        server.stop(0);
    }
}
