package org.dit4j.app;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.CheckpointException;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.eval.CacheCalibration;

/// Where the calibrations of a model's caches are kept: in `cache_calibration.json` in its folder;
/// where that cannot be written or is the cache of a hub, which others share, in a file of the
/// user's own, named by the model's files.
///
/// @param folder of the model
/// @param shared the folder of a hub's cache
/// @param own the user's folder for such files
record CalibrationStore(Path folder, Path shared, Path own) {
    private static final String NAME = "cache_calibration.json";
    private static final int ENDS = 1 << 20;
    private static final int MOST_FILES = 10_000;
    private static final int MOST_ENTRIES = 200;

    /// What the file holds.
    ///
    /// @param model a hash of the model's files, so that the calibrations of other weights that
    ///   were in the folder before do not count
    record Content(String model, List<CacheCalibration> calibrations) {
        Content {
            ConfigException.require(
                    calibrations.size() <= MOST_ENTRIES,
                    "a file holds at most %d calibrations",
                    MOST_ENTRIES);
            calibrations = List.copyOf(calibrations);
        }
    }

    /// Returns the store of a model, by the usual folders.
    static CalibrationStore of(Path folder) {
        return new CalibrationStore(
                folder,
                ModelFolders.shipped().hub().root(),
                Path.of(System.getProperty("user.home"), ".cache", "dit4j"));
    }

    /// Returns the calibration that answers for a way and budget, if there is one.
    Optional<CacheCalibration> find(CacheCalibration.Way way, double budget) {
        return content().calibrations.stream().filter(c -> c.covers(way, budget)).findFirst();
    }

    /// Keeps a calibration in place of an older one of the same way.
    ///
    /// @return the file
    Path put(CacheCalibration calibration) {
        var all = new ArrayList<CacheCalibration>();
        all.add(calibration);
        Content old = content();
        old.calibrations.stream()
                .filter(c -> !c.way().equals(calibration.way()))
                .limit(MOST_ENTRIES - 1)
                .forEach(all::add);
        JsonFile.write(file(old.model), new Content(old.model, all));
        return file(old.model);
    }

    private Content content() {
        String model = hash();
        Path file = file(model);
        if (!Files.isRegularFile(file)) {
            return new Content(model, List.of());
        }
        Content content = JsonFile.read(file, Content.class);
        return content.model.equals(model) ? content : new Content(model, List.of());
    }

    private Path file(String model) {
        boolean ours = Files.isWritable(folder) && !real(folder).startsWith(real(shared));
        return ours ? folder.resolve(NAME) : own.resolve("%s-%s".formatted(model, NAME));
    }

    private static Path real(Path path) {
        try {
            return Files.exists(path) ? path.toRealPath() : path.toAbsolutePath().normalize();
        } catch (IOException e) {
            throw CheckpointException.io("read", path, e);
        }
    }

    /// Returns a hash over the names and sizes of the model's weights and configurations and the
    /// first and last MiB of each: enough to tell models apart without reading all of them.
    String hash() {
        try (Stream<Path> files = Files.walk(folder)) {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            List<Path> all =
                    files.filter(CalibrationStore::counts).limit(MOST_FILES).sorted().toList();
            for (Path file : all) {
                digest.update(
                        "%s %d\n"
                                .formatted(folder.relativize(file), Files.size(file))
                                .getBytes(StandardCharsets.UTF_8));
                ends(file, digest);
            }
            return HexFormat.of().formatHex(digest.digest(), 0, 16);
        } catch (IOException e) {
            throw CheckpointException.io("read", folder, e);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    private static boolean counts(Path file) {
        String name = String.valueOf(file.getFileName());
        return Files.isRegularFile(file)
                && !name.equals(NAME)
                && name.matches(".*\\.(json|safetensors|bin|pt|pth)");
    }

    private static void ends(Path file, MessageDigest digest) throws IOException {
        try (var open = new RandomAccessFile(file.toFile(), "r")) {
            long size = open.length();
            for (long from : new long[] {0, Math.max(ENDS, size - ENDS)}) {
                var part = new byte[(int) Math.max(0, Math.min(ENDS, size - from))];
                open.seek(from);
                open.readFully(part);
                digest.update(ByteBuffer.wrap(part));
            }
        }
    }
}
