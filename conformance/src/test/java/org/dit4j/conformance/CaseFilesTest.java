package org.dit4j.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.dit4j.ConfigException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CaseFilesTest {
    private static final Path CASES = Path.of("cases");

    @TempDir Path folder;

    @Test
    void aFolderGivesItsCasesAndNoModelFolders() {
        assertThat(names(CASES.resolve("vae")))
                .contains("vae/kl_sd", "vae/taesd")
                .noneMatch(name -> name.contains("config"));
    }

    @Test
    void theWayToACaseDoesNotChangeItsName() {
        assertThat(names(CASES.resolve("diffusion/q_p.json"))).containsExactly("diffusion/q_p");
        assertThat(names(CASES.resolve("diffusion/q_p.safetensors")))
                .containsExactly("diffusion/q_p");
        assertThat(names(CASES.resolve("diffusion/q_p"))).containsExactly("diffusion/q_p");
        assertThat(names(CASES.resolve("models/dit/square-p2-sigma")))
                .containsExactly("models/dit/square-p2-sigma");
        assertThat(names(CASES.resolve("models/dit/square-p2-sigma/io.json")))
                .containsExactly("models/dit/square-p2-sigma");
        assertThat(names(CASES.resolve("schedulers/published")))
                .contains("schedulers/published/DiT-XL-2-256")
                .allMatch(name -> name.startsWith("schedulers/published/"));
    }

    @Test
    void whatAShellMakesOfAStarIsOneCase() {
        Path vae = CASES.resolve("vae");
        assertThat(
                        CaseFiles.find(
                                List.of(
                                        vae.resolve("kl_sd"),
                                        vae.resolve("kl_sd.json"),
                                        vae.resolve("kl_sd.safetensors"))))
                .hasSize(1);
    }

    @Test
    void aFileBesideTheCasesIsPassedOverButNotAlone() throws Exception {
        Path stray = Files.write(folder.resolve("0000020.pt"), new byte[4]);
        assertThat(CaseFiles.find(List.of(stray, CASES.resolve("training/dit_train.json"))))
                .hasSize(1);
        assertThatThrownBy(() -> CaseFiles.find(List.of(stray)))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("no reference case at");
    }

    @Test
    void aPathWithoutCasesIsAnError() {
        assertThatThrownBy(() -> CaseFiles.find(List.of(folder)))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining(folder.toString());
        assertThatThrownBy(() -> CaseFiles.find(List.of(CASES, folder.resolve("absent"))))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("absent");
    }

    @Test
    void aDamagedCaseIsStillFound() throws Exception {
        Path json = Files.createDirectories(folder.resolve("diffusion")).resolve("half.json");
        Files.writeString(json, "{\"case\": \"diffusion/ha");
        Files.write(folder.resolve("diffusion/half.safetensors"), new byte[4]);
        assertThat(CaseFiles.find(List.of(folder))).containsExactly(json);
        assertThat(Verification.run(json))
                .satisfies(r -> assertThat(r.status()).isEqualTo(Status.FAIL))
                .satisfies(r -> assertThat(r.name()).isEqualTo("diffusion/half"))
                .satisfies(r -> assertThat(r.message()).contains("half.json"));
    }

    private static List<String> names(Path path) {
        return CaseFiles.find(List.of(path)).stream()
                .map(file -> {
                    try (var reference = ReferenceCase.open(file)) {
                        return reference.name();
                    }
                })
                .toList();
    }
}
