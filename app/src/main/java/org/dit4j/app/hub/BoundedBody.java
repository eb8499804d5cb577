package org.dit4j.app.hub;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpTimeoutException;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// The body of an answer, which must keep coming: Java's client itself waits for ever for a server
/// that fell silent after the headers.
final class BoundedBody implements AutoCloseable {
    private static final int BUFFER = 1 << 16;

    private final InputStream in;
    private final Duration stall;
    private final ExecutorService reader = Executors.newVirtualThreadPerTaskExecutor();

    BoundedBody(InputStream in, Duration stall) {
        this.in = in;
        this.stall = stall;
    }

    /// Takes what was read.
    @FunctionalInterface
    interface Sink {
        void take(byte[] buffer, int length);
    }

    /// Reads to the end.
    ///
    /// @throws IOException if the connection breaks or is silent for too long
    void forEach(Sink sink) throws IOException {
        var buffer = new byte[BUFFER];
        for (int n = read(buffer); n >= 0; n = read(buffer)) {
            sink.take(buffer, n);
        }
    }

    /// Reads everything.
    ///
    /// @throws HubException if that is more than `limit` bytes
    byte[] readAll(int limit) throws IOException {
        var all = new ByteArrayOutputStream();
        forEach((buffer, n) -> {
            HubException.require(
                    all.size() + n <= limit, "the hub's answer is longer than %d bytes", limit);
            all.write(buffer, 0, n);
        });
        return all.toByteArray();
    }

    private int read(byte[] buffer) throws IOException {
        Future<Integer> next = reader.submit(() -> in.read(buffer));
        try {
            return next.get(stall.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            throw new HttpTimeoutException("nothing came for " + stall.toSeconds() + " s");
        } catch (ExecutionException e) {
            throw e.getCause() instanceof IOException io ? io : new IOException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new HubException("interrupted", e);
        }
    }

    /// Closes the connection, which also ends a read that waits.
    @Override
    public void close() throws IOException {
        in.close();
        reader.shutdownNow();
    }
}
