package org.dit4j.app.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.dit4j.ConfigException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HubSettingsTest {
    @TempDir Path home;

    @Test
    void theUsualPlaces() throws IOException {
        HubSettings settings = HubSettings.of(Map.of(), home);
        assertThat(settings.endpoint()).hasToString("https://huggingface.co");
        assertThat(settings.cache().root()).isEqualTo(home.resolve(".cache/huggingface/hub"));
        assertThat(settings.token()).isEqualTo(HubToken.NONE);
        Files.createDirectories(home.resolve(".cache/huggingface"));
        Files.writeString(home.resolve(".cache/huggingface/token"), "stored\n");
        assertThat(HubSettings.of(Map.of(), home).token().value()).isEqualTo("stored");
        assertThat(HubSettings.of(Map.of("HF_TOKEN", "mine"), home).token().value())
                .isEqualTo("mine");
        var without = Map.of("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1");
        assertThat(HubSettings.of(without, home).token()).isEqualTo(HubToken.NONE);
    }

    @Test
    void theNearestVariableOfTheCacheCounts() {
        assertThat(cache(Map.of("XDG_CACHE_HOME", "/x"))).isEqualTo("/x/huggingface/hub");
        assertThat(cache(Map.of("HF_HOME", "~/hf"))).isEqualTo(home + "/hf/hub");
        assertThat(cache(Map.of("HF_HOME", "/h", "HUGGINGFACE_HUB_CACHE", "/old")))
                .isEqualTo("/old");
        assertThat(
                        cache(
                                Map.of(
                                        "HUGGINGFACE_HUB_CACHE",
                                        "/old",
                                        "HF_HUB_CACHE",
                                        "$D/c",
                                        "D",
                                        "/d")))
                .isEqualTo("/d/c");
    }

    private String cache(Map<String, String> environment) {
        return HubSettings.cache(environment, home).root().toString();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"ftp://a", "nothing", "https://me:secret@a", "https://a?b", "http://a b"})
    void anAddressThatIsNoneIsRefused(String address) {
        assertThatThrownBy(() -> HubSettings.of(Map.of("HF_ENDPOINT", address), home))
                .isInstanceOf(ConfigException.class)
                .hasMessageStartingWith("HF_ENDPOINT must look like https://host");
    }

    @Test
    void theTokenDoesNotPrint() {
        assertThat(HubSettings.of(Map.of("HF_TOKEN", "secret"), home).toString())
                .doesNotContain("secret");
        assertThatThrownBy(() -> new HubToken("se cret")).hasMessageNotContaining("cret ");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"toy", "a/b/c", "../toy", "ann/..", "ann/a--b", "ann/.a", "a n/toy", "/"})
    void otherNamesAreNoModels(String name) {
        assertThatThrownBy(() -> ModelId.parse(name)).isInstanceOf(ConfigException.class);
        assertThat(ModelId.find(name)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "*.json, vae/config.json, true",
        "*.json, config.jsonl, false",
        "vae/, vae/a/b, true",
        "vae/*, other/vae/a, false",
        "a?c, abc, true",
        "a?c, ac, false",
        "[ab].x, b.x, true",
        "[!ab].x, b.x, false",
        "[!ab].x, c.x, true",
        "a.b, axb, false",
        "a[, a[, true",
        "(a|b)+, (a|b)+, true"
    })
    void globsAreThoseOfPython(String glob, String path, boolean fits) {
        assertThat(new PathGlob(glob).matches(path)).isEqualTo(fits);
    }
}
