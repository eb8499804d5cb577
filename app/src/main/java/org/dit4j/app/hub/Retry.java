package org.dit4j.app.hub;

import java.io.IOException;
import java.time.Duration;

/// How often what failed on the network is tried, and how long is waited.
///
/// @param attempts at least one
/// @param pause after the first failure; it doubles with each
/// @param stall how long a connection may be silent
record Retry(int attempts, Duration pause, Duration stall) {
    /// What suits the internet.
    static final Retry USUAL = new Retry(4, Duration.ofSeconds(1), Duration.ofSeconds(30));

    /// What may fail.
    @FunctionalInterface
    interface Attempt<T> {
        T call() throws IOException;
    }

    /// Returns what the first attempt that does not fail returns.
    ///
    /// @throws IOException of the last attempt
    <T> T call(Attempt<T> attempt) throws IOException {
        for (int failures = 1; ; failures++) {
            try {
                return attempt.call();
            } catch (IOException e) {
                if (failures >= attempts) {
                    throw e;
                }
                rest(failures);
            }
        }
    }

    /// Waits after so many failures in a row.
    void rest(int failures) {
        try {
            Thread.sleep(pause.multipliedBy(1L << Math.min(failures - 1, 10)));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new HubException("interrupted", e);
        }
    }

    /// Returns in a few words what went wrong on the network.
    static String reason(IOException e) {
        String message = e.getMessage();
        return switch (e) {
            case java.net.ConnectException _ -> "no connection";
            case java.net.http.HttpTimeoutException _ -> "no answer in time";
            default ->
                    message == null || message.isBlank() ? e.getClass().getSimpleName() : message;
        };
    }
}
