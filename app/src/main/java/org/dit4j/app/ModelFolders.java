package org.dit4j.app;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.dit4j.ConfigException;
import org.dit4j.app.hub.HubCache;
import org.dit4j.app.hub.HubSettings;
import org.dit4j.app.hub.ModelId;
import org.dit4j.checkpoint.CheckpointException;

/// The models that a name finds: those that ship with the program, in the folder `models/` of the
/// project, and those that were pulled from a hub.
///
/// @param root the project's folder
/// @param hub where pulled models are
record ModelFolders(Path root, HubCache hub) {
    /// What is used if no model is named.
    static final String DEFAULT = "emoji-zh-en";

    /// What is meant if no revision of a pulled model is named.
    static final String REVISION = "main";

    /// The launcher says where the project is; without it that is the working directory.
    static ModelFolders shipped() {
        return new ModelFolders(
                Path.of(System.getProperty("dit4j.home", "")).toAbsolutePath(),
                HubSettings.cache(System.getenv(), Path.of(System.getProperty("user.home"))));
    }

    /// Returns the folder of a model.
    ///
    /// @param nameOrFolder a folder, the name of a model that ships, or `OWNER/NAME` or
    ///   `OWNER/NAME@REVISION` of one that was pulled
    /// @throws ConfigException if it is none of these
    Path find(String nameOrFolder) {
        Path folder = Path.of(nameOrFolder);
        if (Files.isDirectory(folder)) {
            return folder;
        }
        int at = nameOrFolder.indexOf('@');
        String name = at < 0 ? nameOrFolder : nameOrFolder.substring(0, at);
        Optional<ModelId> id = ModelId.find(name);
        if (id.isPresent()) {
            return pulled(id.get(), at < 0 ? REVISION : nameOrFolder.substring(at + 1));
        }
        ConfigException.require(
                names().contains(nameOrFolder),
                "there is no model \"%s\": it is neither a folder nor one of those that ship (%s)",
                nameOrFolder,
                String.join(", ", names()));
        return models().resolve(nameOrFolder);
    }

    private Path pulled(ModelId id, String revision) {
        String option = revision.equals(REVISION) ? "" : " --revision " + revision;
        return hub.find(id, revision)
                .orElseThrow(() ->
                        new ConfigException(
                                "there is no folder %s, and no such model was pulled; `dit4j pull %s%s` fetches it"
                                        .formatted(id, id, option)));
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
