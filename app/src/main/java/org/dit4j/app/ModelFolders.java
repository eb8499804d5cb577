package org.dit4j.app;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.CheckpointException;

/// The models that ship with the program, in the folder `models/` of the project.
///
/// @param root the project's folder
record ModelFolders(Path root) {
    /// What is used if no model is named.
    static final String DEFAULT = "emoji";

    /// The launcher says where the project is; without it that is the working directory.
    static ModelFolders shipped() {
        return new ModelFolders(Path.of(System.getProperty("dit4j.home", "")).toAbsolutePath());
    }

    /// Returns the folder of a model.
    ///
    /// @param nameOrFolder a folder, or the name of a model that ships
    /// @throws ConfigException if it is neither
    Path find(String nameOrFolder) {
        Path folder = Path.of(nameOrFolder);
        if (Files.isDirectory(folder)) {
            return folder;
        }
        ConfigException.require(
                names().contains(nameOrFolder),
                "there is no model \"%s\": it is neither a folder nor one of those that ship (%s)",
                nameOrFolder,
                String.join(", ", names()));
        return models().resolve(nameOrFolder);
    }

    /// Returns the names of the models that ship.
    List<String> names() {
        if (!Files.isDirectory(models())) {
            return List.of();
        }
        try (Stream<Path> folders = Files.list(models())) {
            return folders.filter(Files::isDirectory)
                    .map(f -> f.getFileName().toString())
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw CheckpointException.io("list", models(), e);
        }
    }

    private Path models() {
        return root.resolve("models");
    }
}
