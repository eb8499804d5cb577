package org.dit4j.app.hub;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import org.dit4j.checkpoint.AtomicFile;
import org.dit4j.checkpoint.CheckpointException;

/// The folder in which Python's tools keep models, in the same layout: of each model
/// `models--OWNER--NAME/` with contents by hash in `blobs/`, the commits of branches and tags in
/// `refs/`, and in `snapshots/COMMIT/` links to the contents under their names.
///
/// @param root the folder
public record HubCache(Path root) {
    private static final long MAX_REF = 1024;

    /// Returns the newest folder of a model that was pulled.
    ///
    /// @param revision a branch, a tag, or a commit of 40 digits
    public Optional<Path> find(ModelId id, String revision) {
        String commit = Hub.isCommit(revision) ? revision : commit(ref(id, revision));
        Path folder = snapshot(id, commit);
        return Hub.isCommit(commit) && Files.isDirectory(folder)
                ? Optional.of(folder)
                : Optional.empty();
    }

    private static String commit(Path ref) {
        try {
            return Files.isRegularFile(ref) && Files.size(ref) <= MAX_REF
                    ? Files.readString(ref).strip()
                    : "";
        } catch (IOException e) {
            throw CheckpointException.io("read", ref, e);
        }
    }

    private Path model(ModelId id) {
        return root.resolve(id.folder());
    }

    /// Returns where a content is kept.
    Path blob(ModelId id, ContentHash hash) {
        return model(id).resolve("blobs").resolve(hash.hex());
    }

    /// Returns the folder of a commit.
    Path snapshot(ModelId id, String commit) {
        return model(id).resolve("snapshots").resolve(commit);
    }

    /// Returns the file that is locked while a content is fetched.
    Path lock(ModelId id, ContentHash hash) {
        return root.resolve(".locks").resolve(id.folder()).resolve(hash.hex() + ".lock");
    }

    private Path ref(ModelId id, String revision) {
        RemoteFile.requireInside(revision);
        return model(id).resolve("refs").resolve(revision);
    }

    /// Returns whether a content is there. Its hash was checked when it came.
    boolean has(ModelId id, RemoteFile file) {
        Path blob = blob(id, file.hash());
        try {
            return Files.isRegularFile(blob) && Files.size(blob) == file.size();
        } catch (IOException e) {
            throw CheckpointException.io("read", blob, e);
        }
    }

    /// Remembers which commit a branch or tag is.
    void remember(ModelId id, String revision, String commit) {
        Path ref = ref(id, revision);
        if (!Hub.isCommit(revision) && !commit.equals(commit(ref))) {
            AtomicFile.writeStream(
                    ref,
                    out -> out.write(commit.getBytes(java.nio.charset.StandardCharsets.UTF_8)));
        }
    }

    /// Gives a content its name in the folder of a commit: by a relative link, or where the system
    /// has none for ordinary users (Windows) by a hard link or a copy.
    void name(ModelId id, String commit, RemoteFile file) {
        Path blob = blob(id, file.hash());
        Path link = snapshot(id, commit).resolve(file.name());
        Path folder = Objects.requireNonNull(link.getParent());
        int random = ThreadLocalRandom.current().nextInt();
        Path fresh = folder.resolve(".%08x.part".formatted(random));
        try {
            if (Files.exists(link) && Files.isSameFile(link, blob)) {
                return;
            }
            Files.createDirectories(folder);
            try {
                Files.createSymbolicLink(fresh, folder.relativize(blob));
            } catch (UnsupportedOperationException | FileSystemException e) {
                linkOrCopy(blob, fresh);
            }
            Files.move(
                    fresh,
                    link,
                    StandardCopyOption.ATOMIC_MOVE,
                    StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw CheckpointException.io("write", link, e);
        }
    }

    private static void linkOrCopy(Path blob, Path fresh) throws IOException {
        try {
            Files.createLink(fresh, blob);
        } catch (UnsupportedOperationException | FileSystemException e) {
            Files.copy(blob, fresh);
        }
    }
}
