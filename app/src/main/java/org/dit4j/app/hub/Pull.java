package org.dit4j.app.hub;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.dit4j.checkpoint.CheckpointException;

/// Brings a model from the hub into the cache.
public final class Pull {
    private final HubSettings settings;
    private final Retry retry;
    private final PullListener listener;

    /// Prepares to pull as the settings say.
    public Pull(HubSettings settings, PullListener listener) {
        this(settings, listener, Retry.USUAL);
    }

    Pull(HubSettings settings, PullListener listener, Retry retry) {
        this.settings = settings;
        this.listener = listener;
        this.retry = retry;
    }

    /// What is there now.
    ///
    /// @param folder of the commit
    /// @param commit 40 digits
    /// @param files how many were asked for
    /// @param fetched how many of them had to be fetched
    /// @param bytes of the fetched ones
    public record Pulled(Path folder, String commit, int files, int fetched, long bytes) {}

    /// Fetches the files of a revision that are not there yet. The revision counts as pulled when
    /// all of them are.
    ///
    /// @param revision a branch, a tag or a commit
    /// @param include only files that one of these fits; all if there are none
    /// @throws HubException if something is missing, forbidden, wrong or out of reach
    public Pulled run(ModelId id, String revision, List<PathGlob> include) {
        HubException.require(
                !settings.offline(), "%s: HF_HUB_OFFLINE is set, so nothing is fetched", id);
        RemoteFile.requireInside(revision);
        try (var hub = new Hub(settings, retry)) {
            Hub.Listing listing = hub.list(id, revision);
            List<RemoteFile> files = describe(hub, id, listing, include);
            List<RemoteFile> missing = missing(id, files);
            long bytes = missing.stream().mapToLong(RemoteFile::size).sum();
            requireSpace(bytes);
            fetch(hub, id, listing.commit(), missing, bytes);
            files.forEach(file -> settings.cache().name(id, listing.commit(), file));
            settings.cache().remember(id, revision, listing.commit());
            return new Pulled(
                    settings.cache().snapshot(id, listing.commit()),
                    listing.commit(),
                    files.size(),
                    missing.size(),
                    bytes);
        }
    }

    private static List<RemoteFile> describe(
            Hub hub, ModelId id, Hub.Listing listing, List<PathGlob> include) {
        var files = new ArrayList<RemoteFile>();
        listing.files()
                .forEach((name, listed) -> {
                    if (include.isEmpty()
                            || include.stream().anyMatch(glob -> glob.matches(name))) {
                        files.add(hub.describe(id, listing.commit(), name, listed));
                    }
                });
        HubException.require(
                !files.isEmpty(),
                "%s has %d files, none of them asked for",
                id,
                listing.files().size());
        return files;
    }

    /// The files whose contents are not there, each content once.
    private List<RemoteFile> missing(ModelId id, List<RemoteFile> files) {
        var missing = new ArrayList<RemoteFile>();
        for (RemoteFile file : files) {
            boolean again = missing.stream().anyMatch(m -> m.hash().equals(file.hash()));
            if (!again && !settings.cache().has(id, file)) {
                missing.add(file);
            }
        }
        return missing;
    }

    private void requireSpace(long bytes) {
        Path root = settings.cache().root();
        try {
            Files.createDirectories(root);
            long free = Files.getFileStore(root).getUsableSpace();
            HubException.require(
                    bytes <= free,
                    "%.1f GB are to be fetched but %s has only %.1f GB free; --include takes less, HF_HUB_CACHE names another place",
                    bytes / 1e9,
                    root,
                    free / 1e9);
        } catch (IOException e) {
            throw CheckpointException.io("write", root, e);
        }
    }

    private void fetch(Hub hub, ModelId id, String commit, List<RemoteFile> files, long total) {
        long done = 0;
        for (RemoteFile file : files) {
            long before = done;
            new BlobDownload(hub, id, commit, file, settings.cache(), retry)
                    .run(
                            bytes -> listener.progress(file.name(), before + bytes, total),
                            listener::note);
            done += file.size();
        }
    }
}
