package org.dit4j.app.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import org.dit4j.data.DataException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NpmRegistryTest {
    @TempDir Path folder;
    private final Map<String, byte[]> served = new HashMap<>();
    private HttpServer server;
    private URI root;

    @BeforeEach
    void serve() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext(
                "/npm/",
                exchange -> {
                    byte[] body = served.get(exchange.getRequestURI().getPath());
                    exchange.sendResponseHeaders(body == null ? 404 : 200, 0);
                    try (var out = exchange.getResponseBody()) {
                        out.write(body == null ? new byte[0] : body);
                    }
                });
        server.start();
        root = URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/npm/");
    }

    @AfterEach
    void stop() {
        server.stop(0);
    }

    @Test
    void aPackageIsFetchedOnceAndReadFromTheCacheAfterwards() throws Exception {
        var pack = pack("@scope/toy", tarball("package/a.txt", "hello"));
        assertThat(read(pack)).containsExactly(Map.entry("package/a.txt", "hello"));
        served.clear();
        assertThat(read(pack)).containsExactly(Map.entry("package/a.txt", "hello"));
        assertThat(folder.resolve("toy-1.0.0.tgz")).isRegularFile();
    }

    @Test
    void aPackageWithAnotherHashIsNotKept() throws Exception {
        var pack = pack("toy", tarball("package/a.txt", "hello"));
        served.put("/npm/toy/-/toy-1.0.0.tgz", tarball("package/a.txt", "evil"));
        assertThatThrownBy(() -> read(pack))
                .isInstanceOf(DataException.class)
                .hasMessageStartingWith("toy@1.0.0: the registry sent a file with sha512-");
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void aDamagedFileInTheCacheIsFetchedAgain() throws Exception {
        var pack = pack("toy", tarball("package/a.txt", "hello"));
        Files.writeString(folder.resolve("toy-1.0.0.tgz"), "half");
        assertThat(read(pack)).containsExactly(Map.entry("package/a.txt", "hello"));
    }

    @Test
    void aMissingPackageIsOneLine() throws Exception {
        var pack = pack("toy", tarball("package/a.txt", "hello"));
        served.clear();
        assertThatThrownBy(() -> read(pack))
                .isInstanceOf(DataException.class)
                .hasMessage(
                        "toy@1.0.0: the registry answered 404 for " + root + "toy/-/toy-1.0.0.tgz");
    }

    @Test
    void aRegistryThatIsNotThereIsOneLine() throws Exception {
        var pack = pack("toy", tarball("package/a.txt", "hello"));
        server.stop(0);
        assertThatThrownBy(() -> read(pack))
                .isInstanceOf(DataException.class)
                .hasMessageStartingWith("toy@1.0.0 could not be fetched from " + root);
    }

    @Test
    void theRegistryIsTheOneThatNpmIsConfiguredFor() throws IOException {
        Path home = Files.createDirectory(folder.resolve("home"));
        Files.writeString(
                home.resolve(".npmrc"), "# mine\nfund=false\nregistry = http://a.example\n");
        assertThat(NpmRegistry.configured(Map.of(), home, folder).root())
                .isEqualTo(URI.create("http://a.example/"));
        var environment = Map.of("NPM_CONFIG_REGISTRY", "http://b.example/x/");
        assertThat(NpmRegistry.configured(environment, home, folder).root())
                .isEqualTo(URI.create("http://b.example/x/"));
        assertThatThrownBy(() ->
                        NpmRegistry.configured(
                                Map.of("npm_config_registry", "no address"), home, folder))
                .isInstanceOf(DataException.class);
    }

    private Map<String, String> read(NpmPackage pack) {
        var files = new HashMap<String, String>();
        new NpmRegistry(root, folder)
                .read(
                        pack,
                        name -> name.endsWith(".txt"),
                        (name, body) -> files.put(name, new String(body, StandardCharsets.UTF_8)),
                        (_, _, _) -> {});
        return files;
    }

    private NpmPackage pack(String name, byte[] tarball) throws Exception {
        byte[] hash = MessageDigest.getInstance("SHA-512").digest(tarball);
        String integrity = "sha512-" + Base64.getEncoder().encodeToString(hash);
        var pack = new NpmPackage(name, "1.0.0", integrity, "MIT");
        served.put("/npm/" + name + "/-/" + pack.tarball(), tarball);
        return pack;
    }

    private static byte[] tarball(String name, String text) throws IOException {
        byte[] body = text.getBytes(StandardCharsets.UTF_8);
        var block = new byte[512 * 4];
        byte[] path = name.getBytes(StandardCharsets.UTF_8);
        System.arraycopy(path, 0, block, 0, path.length);
        put(block, 124, "%011o ".formatted(body.length));
        put(block, 148, "        ");
        block[156] = '0';
        int sum = 0;
        for (int i = 0; i < 512; i++) {
            sum += block[i] & 0xff;
        }
        put(block, 148, "%06o\0 ".formatted(sum));
        System.arraycopy(body, 0, block, 512, body.length);
        var out = new ByteArrayOutputStream();
        try (var gzip = new GZIPOutputStream(out)) {
            gzip.write(block);
        }
        return out.toByteArray();
    }

    private static void put(byte[] block, int at, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(bytes, 0, block, at, bytes.length);
    }
}
