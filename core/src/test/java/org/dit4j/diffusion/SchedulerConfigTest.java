package org.dit4j.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.dit4j.ConfigException;
import org.dit4j.checkpoint.JsonFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SchedulerConfigTest {
    @TempDir Path folder;

    @Test
    void missingKeysHaveTheDefaultsOfDiffusers() throws IOException {
        var config = read("{\"_class_name\": \"DDIMScheduler\"}");
        var training = config.training().orElseThrow();
        assertThat(training.steps()).isEqualTo(1000);
        assertThat(training.target()).isEqualTo(Target.EPSILON);
        assertThat(config.sampler())
                .isEqualTo(
                        new StridedDdim(
                                training,
                                new Timesteps(Timesteps.Spacing.LEADING, 0),
                                new DataLimit.Clip(1),
                                true,
                                0));
    }

    @Test
    void whatPythonWritesForInfinityIsRead() throws IOException {
        var config =
                read(
                        "{\"_class_name\": \"DPMSolverMultistepScheduler\","
                                + " \"lambda_min_clipped\": -Infinity}");
        assertThat(config.sampler().steps(20).calls()).isEqualTo(20);
    }

    @Test
    void aClassThatIsNotHereIsNamed() {
        assertThatThrownBy(() -> read("{\"_class_name\": \"KDPM2Scheduler\"}"))
                .isInstanceOf(ConfigException.class)
                .hasMessageEndingWith(
                        "_class_name must be DDPMScheduler, DDIMScheduler or"
                                + " DPMSolverMultistepScheduler but is KDPM2Scheduler");
    }

    @Test
    void keysAndOptionsThatWouldChangeThePictureAreNotPassedOver() {
        assertThatThrownBy(() -> read("{\"_class_name\": \"DDIMScheduler\", \"sigma_min\": 0.1}"))
                .hasMessageContaining("unknown key \"sigma_min\"");
        assertThatThrownBy(() ->
                        read(
                                "{\"_class_name\": \"DDPMScheduler\", \"beta_schedule\":"
                                        + " \"sigmoid\"}"))
                .hasMessageContaining("beta_schedule must be linear");
        assertThatThrownBy(() ->
                        read(
                                "{\"_class_name\": \"DDPMScheduler\", \"variance_type\":"
                                        + " \"fixed_large_log\"}"))
                .hasMessageContaining("variance_type must be one of");
    }

    @Test
    void aFileReadsAsAnotherClass() throws IOException {
        Path file =
                write("{\"_class_name\": \"DDIMScheduler\", \"beta_schedule\": \"scaled_linear\"}");
        var config = SchedulerConfig.as("DPMSolverMultistepScheduler", JsonFile.tree(file), file);
        assertThat(config.sampler()).isInstanceOf(DpmSolver.class);
        assertThat(config.training()).isPresent();
    }

    @Test
    void anOffsetBeyondTheLastStepIsRefused() throws IOException {
        var config = read("{\"_class_name\": \"DDIMScheduler\", \"steps_offset\": 1}");
        assertThat(config.sampler().steps(500).calls()).isEqualTo(500);
        assertThatThrownBy(() -> config.sampler().steps(1000))
                .hasMessage(
                        "1000 steps with an offset of 1 begin at timestep 1000, but the last one"
                                + " is 999");
    }

    private SchedulerConfig read(String json) throws IOException {
        return SchedulerConfig.read(write(json));
    }

    private Path write(String json) throws IOException {
        return Files.writeString(folder.resolve("scheduler_config.json"), json);
    }
}
