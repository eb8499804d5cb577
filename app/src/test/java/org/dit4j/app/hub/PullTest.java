package org.dit4j.app.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PullTest {
    private static final ModelId TOY = new ModelId("ann", "toy");
    private static final String WEIGHTS = "vae/a.safetensors";
    private static final String API = "/api/models/ann/toy/revision/main";

    @TempDir Path folder;
    private final byte[] weights = new byte[300_000];
    private final StandInHub hub = new StandInHub();
    private final List<String> notes = new ArrayList<>();
    private long reported;

    PullTest() {
        new Random(1).nextBytes(weights);
        hub.with("config.json", "{\"a\": 1}").with(WEIGHTS, weights);
    }

    @AfterEach
    void close() {
        hub.close();
    }

    @Test
    void filesLieWherePythonLooksForThem() throws IOException {
        Pull.Pulled pulled = pull("secret");
        Path model = folder.resolve("hub/models--ann--toy");
        assertThat(pulled.folder())
                .isEqualTo(model.resolve("snapshots").resolve(StandInHub.COMMIT));
        assertThat(model.resolve("refs/main")).hasContent(StandInHub.COMMIT);
        assertThat(Files.readSymbolicLink(pulled.folder().resolve(WEIGHTS)))
                .isEqualTo(Path.of("../../../blobs", StandInHub.sha256(weights)));
        assertThat(pulled.folder().resolve(WEIGHTS)).hasBinaryContent(weights);
        assertThat(pulled.folder().resolve("config.json")).hasContent("{\"a\": 1}");
        assertThat(names(model.resolve("blobs")))
                .containsExactlyInAnyOrder(
                        StandInHub.sha256(weights),
                        // git hash-object of the eight bytes
                        StandInHub.gitHash(
                                "{\"a\": 1}".getBytes(java.nio.charset.StandardCharsets.UTF_8)));
        assertThat(pulled.bytes()).isEqualTo(300_008).isEqualTo(reported);
        assertThat(new HubCache(folder.resolve("hub")).find(TOY, "main")).contains(pulled.folder());
    }

    @Test
    void theTokenGoesToTheHubOnly() {
        pull("secret");
        assertThat(hub.asked("hub")).isNotEmpty().allMatch(line -> line.contains("Bearer secret"));
        assertThat(hub.asked("store")).isNotEmpty().noneMatch(line -> line.contains("secret"));
    }

    @Test
    void whatIsThereIsNotFetchedAgain() {
        pull("");
        hub.asked.clear();
        assertThat(pull("").fetched()).isZero();
        assertThat(hub.asked).noneMatch(line -> line.contains("GET") && !line.contains("/api/"));
    }

    @Test
    void sizesAndHashesOfTheHeadersAreEnough() {
        hub.blobs = false;
        assertThat(pull("").folder().resolve(WEIGHTS)).hasBinaryContent(weights);
    }

    @Test
    void aBrokenDownloadGoesOnWhereItEnded() {
        hub.breaks.addAll(List.of(100_000, 150_000, 150_000));
        assertThat(pull("").folder().resolve(WEIGHTS)).hasBinaryContent(weights);
        List<String> asked = hub.asked("store GET");
        assertThat(asked).hasSize(4);
        assertThat(asked.get(1)).matches(".* bytes=\\d+-");
        assertThat(notes).hasSize(3).allMatch(line -> line.startsWith(WEIGHTS));
    }

    @Test
    void theNextCommandGoesOnAsWell() {
        hub.breaks.add(100_000);
        assertThatThrownBy(() -> pull("", new Retry(1, Duration.ZERO, Duration.ofSeconds(9))))
                .isInstanceOf(HubException.class)
                .hasMessageContaining("of 300000 bytes")
                .hasMessageEndingWith("the same command goes on from there");
        assertThat(new HubCache(folder.resolve("hub")).find(TOY, "main")).isEmpty();
        hub.asked.clear();
        assertThat(pull("").folder().resolve(WEIGHTS)).hasBinaryContent(weights);
        assertThat(hub.asked("store GET")).hasSize(1).allMatch(l -> l.contains("bytes="));
    }

    @Test
    void aServerWithoutRangesSendsAllOnceMore() {
        hub.ranges = false;
        hub.breaks.add(100_000);
        assertThat(pull("").folder().resolve(WEIGHTS)).hasBinaryContent(weights);
    }

    @Test
    void anAddressThatHoldsNoMoreIsAskedForAgain() {
        hub.refusal = 403;
        assertThat(pull("").folder().resolve(WEIGHTS)).hasBinaryContent(weights);
        assertThat(notes)
                .containsExactly(
                        WEIGHTS
                                + ": the connection ended after 0 of 300000 bytes (the server answered 403); going on");
    }

    @Test
    void damagedRestsAreFetchedAgain() throws IOException {
        Path blobs = Files.createDirectories(folder.resolve("hub/models--ann--toy/blobs"));
        Path rest = blobs.resolve(StandInHub.sha256(weights) + ".dit4j.incomplete");
        Files.write(rest, new byte[1000]);
        assertThat(pull("").folder().resolve(WEIGHTS)).hasBinaryContent(weights);
        assertThat(rest).doesNotExist();
    }

    @Test
    void aContentWithAnotherHashIsNotKept() throws IOException {
        hub.other = new byte[weights.length];
        assertThatThrownBy(() -> pull(""))
                .isInstanceOf(HubException.class)
                .hasMessage(
                        "ann/toy: the content of %s has not the announced hash %s; nothing of it was kept"
                                .formatted(WEIGHTS, StandInHub.sha256(weights)));
        assertThat(names(folder.resolve("hub/models--ann--toy/blobs"))).hasSize(1);
        assertThat(folder.resolve("hub/models--ann--toy/refs")).doesNotExist();
    }

    @Test
    void aContentOfAnotherSizeIsRefusedBeforeItIsRead() {
        hub.other = new byte[weights.length + 1];
        assertThatThrownBy(() -> pull(""))
                .isInstanceOf(HubException.class)
                .hasMessageContaining("sends 300001 bytes of " + WEIGHTS + " where 300000");
    }

    @Test
    void aSilentServerIsGivenUp() {
        hub.silent = true;
        hub.breaks.add(10);
        hub.breaks.add(20);
        var retry = new Retry(1, Duration.ZERO, Duration.ofMillis(300));
        assertThatThrownBy(() -> pull("", retry))
                .isInstanceOf(HubException.class)
                .hasMessageContaining("no answer in time");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "../evil",
                "/etc/evil",
                "a/../../evil",
                "a//b",
                "./a",
                "C:evil",
                "a\\b",
                "a\nb",
                "a/"
            })
    void hostileNamesAreRefused(String name) throws IOException {
        hub.with(name, "evil");
        assertThatThrownBy(() -> pull(""))
                .isInstanceOf(HubException.class)
                .hasMessageStartingWith("the hub names a file that cannot be stored safely");
        try (Stream<Path> all = Files.walk(folder)) {
            assertThat(all.filter(Files::isRegularFile)).isEmpty();
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "404|            |      |no such model, or not its revision main",
                "404|RevisionNotFound|  |has no revision main",
                "401|RepoNotFound|      |for a private one set HF_TOKEN",
                "401|            |secret|that the given token does not open",
                "403|GatedRepo   |secret|ask for access",
                "418|            |      |answered 418"
            })
    void refusalsAreOneLine(int status, String code, String token, String message) {
        hub.status.put(API, status);
        if (code != null) {
            hub.errors.put(API, code);
        }
        assertThatThrownBy(() -> pull(token == null ? "" : token))
                .isInstanceOf(HubException.class)
                .hasMessageContaining(message)
                .hasMessageNotContaining("secret");
    }

    @Test
    void aBusyHubIsAskedAgain() {
        hub.status.put(API, 503);
        assertThat(pull("").files()).isEqualTo(2);
    }

    @Test
    void aHubThatIsNotThereIsOneLine() {
        hub.close();
        assertThatThrownBy(() -> pull(""))
                .isInstanceOf(HubException.class)
                .hasMessage(
                        "ann/toy: %s cannot be reached: no connection".formatted(hub.endpoint()));
    }

    @Test
    void aHubThatPointsInCirclesIsGivenUp() throws IOException {
        try (var http = new HubHttp(settings("", false), Duration.ofSeconds(5))) {
            assertThatThrownBy(() -> http.get(URI.create(hub.endpoint() + "/loop"), 0))
                    .isInstanceOf(HubException.class)
                    .hasMessageContaining("points on more than 10 times");
        }
    }

    @Test
    void onlyWhatIsAskedForComes() {
        Pull.Pulled pulled =
                new Pull(settings("", false), listener(), retry())
                        .run(TOY, "main", List.of(new PathGlob("*.json")));
        assertThat(pulled.files()).isEqualTo(1);
        assertThat(hub.asked("store")).isEmpty();
        assertThatThrownBy(() ->
                        new Pull(settings("", false), listener(), retry())
                                .run(TOY, "main", List.of(new PathGlob("*.bin"))))
                .hasMessage("ann/toy has 2 files, none of them asked for");
    }

    @Test
    void offlineMeansNoRequest() {
        assertThatThrownBy(() ->
                        new Pull(settings("", true), listener(), retry())
                                .run(TOY, "main", List.of()))
                .hasMessageContaining("HF_HUB_OFFLINE");
        assertThat(hub.asked).isEmpty();
    }

    private Pull.Pulled pull(String token) {
        return pull(token, retry());
    }

    private static Retry retry() {
        return new Retry(3, Duration.ofMillis(1), Duration.ofSeconds(9));
    }

    private Pull.Pulled pull(String token, Retry retry) {
        return new Pull(settings(token, false), listener(), retry).run(TOY, "main", List.of());
    }

    private HubSettings settings(String token, boolean offline) {
        return new HubSettings(
                URI.create(hub.endpoint()),
                new HubCache(folder.resolve("hub")),
                new HubToken(token),
                offline);
    }

    private PullListener listener() {
        return new PullListener() {
            @Override
            public void progress(String file, long done, long total) {
                reported = done;
            }

            @Override
            public void note(String line) {
                notes.add(line);
            }
        };
    }

    private static List<String> names(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(f -> f.getFileName().toString()).toList();
        }
    }
}
