package org.dit4j.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.dit4j.ConfigException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LibtorchTest {
    @TempDir Path installed;

    private Path libraries() throws IOException {
        Path folder = Files.createDirectory(installed.resolve("lib"));
        Files.writeString(folder.resolve(System.mapLibraryName("torch_cpu")), "no library");
        return folder;
    }

    @Test
    void anotherFolderIsRefused() {
        assertThatThrownBy(() -> Libtorch.use(installed))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining(installed + " has no ")
                .hasMessageContaining("torch_cpu");
    }

    @Test
    void aVersionIsNeeded() throws IOException {
        Path folder = libraries();
        assertThatThrownBy(() -> Libtorch.use(folder))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("cannot tell the version of the libtorch in " + folder);
    }

    @ParameterizedTest
    @CsvSource({
        "build-version, 1.13.1+cu117",
        "version.py, __version__ = '1.13.1+cpu'",
        "include/torch/headeronly/version.h, #define TORCH_VERSION \"1.13.1\""
    })
    void anotherVersionIsRefused(String file, String line) throws IOException {
        Path folder = libraries();
        Path version = installed.resolve(file);
        Files.createDirectories(version.getParent());
        Files.writeString(version, "\n" + line + "\n");
        assertThatThrownBy(() -> Libtorch.use(folder))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("has version 1.13, wanted 2.");
    }

    @Test
    void theBindingsSayTheirVersion() {
        assertThat(Libtorch.bindingsVersion()).matches("\\d+\\.\\d+\\.\\d+-\\d+\\.\\d+\\.\\d+");
    }

    /// The libraries of this process were loaded long ago or are loaded now; a file that is none
    /// cannot take their place.
    @Test
    void aBrokenLibraryIsNotTakenSilently() throws IOException {
        Path folder = libraries();
        Files.writeString(installed.resolve("build-version"), Libtorch.bindingsVersion());
        try (var _ = TensorScope.open()) {
            Tensors.scalar(1);
        }
        assertThatThrownBy(() -> Libtorch.use(folder))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("cannot use " + folder);
    }
}
