package org.dit4j.app.hub;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/// Carries requests to the hub, and follows where it points. The token goes to the hub's own
/// address only; once another server was asked, it goes nowhere any more.
final class HubHttp implements AutoCloseable {
    private static final Set<Integer> REDIRECTIONS = Set.of(301, 302, 303, 307, 308);
    private static final int MAX_HOPS = 10;

    private final HubSettings settings;
    private final Duration stall;
    private final HttpClient client;

    HubHttp(HubSettings settings, Duration stall) {
        this.settings = settings;
        this.stall = stall;
        client =
                HttpClient.newBuilder()
                        .version(HttpClient.Version.HTTP_1_1)
                        .followRedirects(HttpClient.Redirect.NEVER)
                        .connectTimeout(stall)
                        .build();
    }

    /// The last answer, and the headers of all on the way to it.
    ///
    /// @param own whether it is the hub's own, not that of a server that it points to
    record Answer(
            HttpResponse<InputStream> last, List<HttpHeaders> headers, boolean own, Duration stall)
            implements AutoCloseable {
        int status() {
            return last.statusCode();
        }

        boolean redirects() {
            return REDIRECTIONS.contains(status());
        }

        /// Returns a header of the first answer that has it.
        Optional<String> first(String name) {
            return headers.stream().flatMap(h -> h.firstValue(name).stream()).findFirst();
        }

        BoundedBody body() {
            return new BoundedBody(last.body(), stall);
        }

        @Override
        public void close() throws IOException {
            last.body().close();
        }
    }

    /// Asks for the headers of an address of the hub, without leaving the hub.
    Answer head(URI address) throws IOException {
        return send(HttpRequest.newBuilder().HEAD(), address, false);
    }

    /// Asks for an address of the hub, or for what it points to elsewhere.
    ///
    /// @param from the first byte wanted
    Answer get(URI address, long from) throws IOException {
        var request = HttpRequest.newBuilder().GET();
        if (from > 0) {
            request.setHeader("Range", "bytes=" + from + "-");
        }
        return send(request, address, true);
    }

    private Answer send(HttpRequest.Builder request, URI start, boolean leave) throws IOException {
        // packed bytes would have neither the announced size nor the announced hash
        request.timeout(stall).setHeader("Accept-Encoding", "identity");
        var headers = new ArrayList<HttpHeaders>();
        URI at = start;
        boolean own = isHub(at);
        for (int hop = 0; hop < MAX_HOPS; hop++) {
            var answer = send(own ? authorised(request.copy()) : request.copy(), at);
            headers.add(answer.headers());
            Optional<URI> next = next(answer, at);
            boolean stays = own && next.isPresent() && isHub(next.get());
            if (next.isEmpty() || (!stays && !leave)) {
                return new Answer(answer, headers, own, stall);
            }
            answer.body().close();
            at = next.get();
            own = stays;
        }
        throw new HubException("%s points on more than %d times".formatted(start, MAX_HOPS));
    }

    private HttpResponse<InputStream> send(HttpRequest.Builder request, URI address)
            throws IOException {
        try {
            return client.send(
                    request.uri(address).build(), HttpResponse.BodyHandlers.ofInputStream());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new HubException("interrupted", e);
        }
    }

    private HttpRequest.Builder authorised(HttpRequest.Builder request) {
        return settings.token().isEmpty()
                ? request
                : request.setHeader("Authorization", "Bearer " + settings.token().value());
    }

    /// Where an answer points; nothing if it does not.
    private static Optional<URI> next(HttpResponse<?> answer, URI at) {
        Optional<String> location = answer.headers().firstValue("Location");
        if (!REDIRECTIONS.contains(answer.statusCode()) || location.isEmpty()) {
            return Optional.empty();
        }
        try {
            URI next = at.resolve(location.get());
            boolean web = scheme(next).equals("https") || scheme(next).equals("http");
            HubException.require(web && next.getHost() != null, "%s points to no web address", at);
            HubException.require(
                    scheme(next).equals("https") || scheme(at).equals("http"),
                    "%s points to an address without encryption, on %s",
                    at,
                    next.getHost());
            return Optional.of(next);
        } catch (IllegalArgumentException e) {
            throw new HubException(at + " points to no web address", e);
        }
    }

    private boolean isHub(URI address) {
        URI hub = settings.endpoint();
        return scheme(address).equals(scheme(hub))
                && address.getHost().equalsIgnoreCase(hub.getHost())
                && port(address) == port(hub);
    }

    private static String scheme(URI address) {
        return String.valueOf(address.getScheme()).toLowerCase(Locale.ROOT);
    }

    private static int port(URI address) {
        return address.getPort() >= 0
                ? address.getPort()
                : scheme(address).equals("https") ? 443 : 80;
    }

    @Override
    public void close() {
        client.shutdownNow();
    }
}
