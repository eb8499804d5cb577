package org.dit4j.app.language;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.nio.channels.UnresolvedAddressException;
import org.dit4j.checkpoint.JsonFile;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/// What a server or the network says of a failure, in a few words.
final class ServerWords {
    private static final int MAX_LENGTH = 200;

    private ServerWords() {}

    /// Returns the message of an error body, `{"error": {"message": ...}}` as OpenAI's or
    /// `{"error": ...}` as Ollama's; nothing if it has another form.
    static String of(String body) {
        try {
            JsonNode error = JsonFile.mapper().readTree(body).path("error");
            String message =
                    error.isString() ? error.asString() : error.path("message").asString("");
            String line = Answer.clean(message);
            return line.length() <= MAX_LENGTH ? line : line.substring(0, MAX_LENGTH) + " ...";
        } catch (JacksonException | AnswerException e) {
            return "";
        }
    }

    /// Returns why there is no connection.
    static String of(UncheckedIOException e) {
        IOException io = e.getCause() == null ? new IOException(e) : e.getCause();
        for (@Nullable Throwable cause = io; cause != null; cause = cause.getCause()) {
            if (cause instanceof UnresolvedAddressException) {
                return "there is no such host";
            }
        }
        if (io instanceof ConnectException) {
            return "cannot connect";
        }
        String message = io.getMessage();
        return message == null ? io.getClass().getSimpleName() : message;
    }
}
