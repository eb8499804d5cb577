package org.dit4j.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.dit4j.ConfigException;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.diffusion.FlowMatching;
import org.dit4j.diffusion.FlowTarget;
import org.dit4j.diffusion.Interpolant;
import org.junit.jupiter.api.Test;

class DiffusionProcessTest {
    @Test
    void aFlowIsReadAsItIsWritten() {
        for (Interpolant path : Interpolant.values()) {
            for (FlowTarget target : FlowTarget.values()) {
                var written = DiffusionProcess.flow(FlowMatching.of(path, target));
                assertThat(DiffusionProcess.parse(written.json(), "test")).isEqualTo(written);
                assertThat(written.sampler("", 1).steps(4).calls()).isEqualTo(8);
                assertThat(written.sampler("rk4", 1).steps(4).calls()).isEqualTo(16);
            }
        }
    }

    @Test
    void anUnknownPathIsNamed() {
        var json = JsonFile.mapper().createObjectNode();
        json.put("_class_name", "FlowMatching").put("path", "straight");
        assertThatThrownBy(() -> DiffusionProcess.parse(json, "scheduler_config.json"))
                .isInstanceOf(ConfigException.class)
                .hasMessageStartingWith("scheduler_config.json: path must be one of")
                .hasMessageEndingWith("not \"straight\"");
    }
}
