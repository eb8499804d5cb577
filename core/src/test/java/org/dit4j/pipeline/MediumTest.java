package org.dit4j.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.LoadOptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MediumTest {
    @TempDir private Path temporary;

    private Path folder(String family) throws IOException {
        Path folder = Files.createDirectories(temporary.resolve(family));
        Files.writeString(
                folder.resolve("model_index.json"), "{\"_class_name\": \"" + family + "\"}");
        return folder;
    }

    @Test
    void theClassSaysWhatAModelMakes() throws IOException {
        assertThat(Pipelines.medium(folder("WanPipeline"))).isEqualTo(Medium.VIDEOS);
        assertThat(Pipelines.medium(folder("LattePipeline"))).isEqualTo(Medium.VIDEOS);
        assertThat(Pipelines.medium(folder("StableAudioPipeline"))).isEqualTo(Medium.SOUNDS);
        assertThat(Pipelines.medium(folder("FluxPipeline"))).isEqualTo(Medium.PICTURES);
    }

    @Test
    void theWrongOpenerSaysWhatTheModelIs() throws IOException {
        Path wan = folder("WanPipeline");
        Path flux = folder("FluxPipeline");
        var options = LoadOptions.inference();
        assertThatThrownBy(() -> Pipelines.load(wan))
                .isInstanceOf(ConfigException.class)
                .hasMessage(wan + " is a model of videos: it makes no pictures");
        assertThatThrownBy(() -> Pipelines.loadAudio(wan, options, Residency.KEEP))
                .hasMessage(wan + " is a model of videos: it makes no sounds");
        assertThatThrownBy(() -> Pipelines.loadVideo(flux, options, Residency.KEEP))
                .hasMessage(flux + " is a model of pictures: it makes no videos");
        assertThatThrownBy(() -> Pipelines.medium(temporary)).hasMessageContaining("is no model");
    }
}
