package org.dit4j.text;

import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.net.URLConnection;
import java.nio.channels.Channels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.dit4j.checkpoint.AtomicFile;
import org.dit4j.checkpoint.CheckpointException;

/// A file in the jar of an encoder.
///
/// @param model whose it is
/// @param name of the class path resource
record ModelResource(TextModel model, String name) {
    static ModelResource network(TextModel model) {
        return new ModelResource(model, model.id() + ".onnx");
    }

    static ModelResource tokenizer(TextModel model) {
        return new ModelResource(model, model.id() + "-tokenizer.json");
    }

    /// Opens the resource.
    ///
    /// @throws TextException if the class path lacks it
    InputStream open() throws IOException {
        return connection().getInputStream();
    }

    /// Returns the bytes of the resource.
    byte[] bytes() throws IOException {
        URLConnection connection = connection();
        try (InputStream in = connection.getInputStream()) {
            // known in advance, so that memory is taken once
            return in.readNBytes(Math.toIntExact(connection.getContentLengthLong()));
        }
    }

    /// Returns the resource as a file in `folder`, written there if it is missing or has another
    /// size; empty if it cannot be written.
    Optional<Path> unpacked(Path folder) throws IOException {
        Path file = folder.resolve(name);
        URLConnection connection = connection();
        try (InputStream in = connection.getInputStream()) {
            if (Files.isRegularFile(file)
                    && Files.size(file) == connection.getContentLengthLong()) {
                return Optional.of(file);
            }
            AtomicFile.write(file, channel -> in.transferTo(Channels.newOutputStream(channel)));
            return Optional.of(file);
        } catch (CheckpointException e) {
            return Optional.empty();
        }
    }

    private URLConnection connection() throws IOException {
        URL url = ModelResource.class.getClassLoader().getResource(name);
        if (url == null) {
            throw new TextException(
                    "the class path lacks %s, which is in langchain4j-embeddings-%s"
                            .formatted(name, model.id().replace(".", "")));
        }
        URLConnection connection = url.openConnection();
        connection.setUseCaches(false);
        return connection;
    }
}
