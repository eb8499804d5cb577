package org.dit4j.app;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.CheckpointException;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.checkpoint.Safetensors;
import org.dit4j.checkpoint.Shards;
import org.dit4j.checkpoint.TorchArchive;

/// Where a converted checkpoint goes.
///
/// @param path as the user gave it
/// @param kind what is written there
record ConversionTarget(Path path, Kind kind) {
    /// What can be written.
    enum Kind {
        SAFETENSORS,
        TORCH,
        FOLDER
    }

    /// Recognises the kind by the name.
    ///
    /// @param force whether what is there may be replaced
    /// @throws ConfigException if it must not, or the name is of an unknown kind
    static ConversionTarget of(Path path, boolean force) {
        Kind kind = kind(path);
        boolean folder = Files.isDirectory(path);
        ConfigException.require(
                kind == Kind.FOLDER || !folder, "%s is a folder and not a file", path);
        ConfigException.require(
                kind != Kind.FOLDER || folder || !Files.exists(path),
                "%s is a file and not a folder",
                path);
        ConfigException.require(force || isFree(path), "%s exists; --force replaces it", path);
        return new ConversionTarget(path, kind);
    }

    private static Kind kind(Path path) {
        String name = String.valueOf(path.getFileName());
        if (name.endsWith(".safetensors")) {
            return Kind.SAFETENSORS;
        }
        if (name.endsWith(".pt") || name.endsWith(".pth")) {
            return Kind.TORCH;
        }
        ConfigException.require(
                !name.matches(".*\\.(bin|ckpt|json|onnx|gguf)"),
                "%s: wanted a name that ends in .safetensors or .pt, or a folder",
                path);
        return Kind.FOLDER;
    }

    private static boolean isFree(Path path) {
        if (!Files.isDirectory(path)) {
            return !Files.exists(path);
        }
        try (Stream<Path> files = Files.list(path)) {
            return files.findAny().isEmpty();
        } catch (IOException e) {
            throw CheckpointException.io("read", path, e);
        }
    }

    /// Writes the checkpoint and returns the file of its weights. In a folder the configuration
    /// comes last, so that a folder that has one is complete.
    Path write(Conversion c) {
        return switch (kind) {
            case SAFETENSORS -> {
                Safetensors.write(path, c.tensors(), c.tensors().metadata());
                yield path;
            }
            case TORCH -> {
                TorchArchive.write(path, c.tensors());
                yield path;
            }
            case FOLDER -> {
                Path file = Shards.write(path, c.fileName(), c.tensors(), Shards.LIMIT);
                if (!c.config().isEmpty()) {
                    JsonFile.write(path.resolve("config.json"), c.config());
                }
                yield file;
            }
        };
    }
}
