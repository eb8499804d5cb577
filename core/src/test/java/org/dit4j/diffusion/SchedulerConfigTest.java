package org.dit4j.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

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
                .hasMessageContaining("_class_name must be one of DDPMScheduler, DDIMScheduler, ")
                .hasMessageEndingWith(" but is KDPM2Scheduler");
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

    @Test
    void theShiftOfAFlowFollowsTheSizeOfTheSample() throws IOException {
        var config =
                read(
                        "{\"_class_name\": \"FlowMatchEulerDiscreteScheduler\","
                                + " \"use_dynamic_shifting\": true}");
        assertThatThrownBy(() -> config.sampler().steps(4)).hasMessageContaining("needs mu");
        // mu lies on the line through (256, 0.5) and (4096, 1.15)
        var sampler = (LeveledSampler) config.sampler(1024).steps(2);
        double mu = 0.5 + 0.65 * 768 / 3840;
        double last = Math.exp(mu) * 0.001 / (1 + (Math.exp(mu) - 1) * 0.001);
        assertThat(sampler.levels().sigma().values())
                .containsExactly(new double[] {1, last, 0}, within(1e-7));
    }

    @Test
    void whatASolverCannotDoIsRefused() {
        assertThatThrownBy(() ->
                        read(
                                "{\"_class_name\": \"UniPCMultistepScheduler\","
                                        + " \"shift_terminal\": 0.1}"))
                .hasMessage("shift_terminal needs use_flow_sigmas");
        assertThatThrownBy(() ->
                        read(
                                "{\"_class_name\": \"EulerDiscreteScheduler\","
                                        + " \"use_karras_sigmas\": true, \"use_beta_sigmas\": true}"))
                .hasMessageContaining("only one of use_karras_sigmas");
        assertThatThrownBy(() ->
                        read("{\"_class_name\": \"DEISMultistepScheduler\", \"solver_order\": 4}"))
                .hasMessage("solver_order must be 1..3, not 4");
    }

    private SchedulerConfig read(String json) throws IOException {
        return SchedulerConfig.read(write(json));
    }

    private Path write(String json) throws IOException {
        return Files.writeString(folder.resolve("scheduler_config.json"), json);
    }
}
