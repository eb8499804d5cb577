package org.dit4j.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.dit4j.ConfigException;
import org.dit4j.app.hub.HubCache;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelFoldersTest {
    private static final String COMMIT = "a".repeat(40);

    @TempDir Path folder;
    private ModelFolders models;

    @BeforeEach
    void prepare() throws IOException {
        Files.createDirectories(folder.resolve("models/shipped"));
        Path model = folder.resolve("hub/models--ann--toy");
        Files.createDirectories(model.resolve("snapshots").resolve(COMMIT));
        Files.createDirectories(model.resolve("refs/refs/pr"));
        Files.writeString(model.resolve("refs/main"), COMMIT);
        Files.writeString(model.resolve("refs/refs/pr/1"), COMMIT);
        models = new ModelFolders(folder, new HubCache(folder.resolve("hub")));
    }

    @Test
    void folderShippedNameAndPulledModelAreFound() {
        assertThat(models.find(folder.toString())).isEqualTo(folder);
        assertThat(models.find("shipped")).isEqualTo(folder.resolve("models/shipped"));
        Path pulled = folder.resolve("hub/models--ann--toy/snapshots").resolve(COMMIT);
        assertThat(models.find("ann/toy")).isEqualTo(pulled);
        assertThat(models.find("ann/toy@refs/pr/1")).isEqualTo(pulled);
        assertThat(models.find("ann/toy@" + COMMIT)).isEqualTo(pulled);
    }

    @Test
    void whatIsNotThereSaysHowToGetIt() {
        assertThatThrownBy(() -> models.find("ann/other"))
                .isInstanceOf(ConfigException.class)
                .hasMessage(
                        "there is no folder ann/other, and no such model was pulled; `dit4j pull ann/other` fetches it");
        assertThatThrownBy(() -> models.find("ann/toy@v2"))
                .hasMessageContaining("`dit4j pull ann/toy --revision v2`");
        assertThatThrownBy(() -> models.find("nothing"))
                .hasMessageContaining("neither a folder nor one of those that ship (shipped)");
        assertThatThrownBy(() -> models.find("ann/toy@../x")).hasMessageContaining("safely");
    }
}
