package org.dit4j.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.dit4j.checkpoint.LoadOptions;
import org.dit4j.checkpoint.Lora;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

class LoraOptionsTest {
    private static LoadOptions options(String... args) {
        var options = new LoraOptions();
        new CommandLine(options).parseArgs(args);
        return options.applied(LoadOptions.inference());
    }

    @Test
    void theScaleStandsBehindTheLastColon() {
        assertThat(
                        options("--lora", "a.safetensors:0.8", "--lora", "b:c", "--lora", "d:1:-.5")
                                .loras())
                .containsExactly(
                        new Lora(Path.of("a.safetensors"), 0.8),
                        new Lora(Path.of("b:c"), 1),
                        new Lora(Path.of("d:1"), -0.5));
    }

    @Test
    void withoutTheOptionThereAreNone() {
        assertThat(options().loras()).isEmpty();
    }
}
