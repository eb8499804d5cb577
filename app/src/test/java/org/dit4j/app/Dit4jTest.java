package org.dit4j.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;

class Dit4jTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @TempDir Path folder;

    @Test
    void withoutArgumentsItPrintsItsHelp() {
        assertThat(run()).isZero();
        assertThat(out.toString()).contains("Usage: dit4j", "verify", "generate-completion");
    }

    @ParameterizedTest
    @MethodSource("commands")
    void everyCommandHasHelpWithExamples(String command) {
        assertThat(run(command, "--help")).isZero();
        assertThat(out.toString()).contains("Usage: dit4j " + command);
        if (!command.equals("generate-completion")) {
            assertThat(out.toString()).contains("Example");
        }
    }

    static java.util.Set<String> commands() {
        return new CommandLine(Dit4j.class, CommandLine.defaultFactory()).getSubcommands().keySet();
    }

    @Test
    void versionNamesTheProgramAndJava() {
        assertThat(run("--version")).isZero();
        assertThat(out.toString()).startsWith("dit4j ").contains("Java 25");
    }

    @Test
    void aWrongOptionIsAUsageError() {
        assertThat(run("verify", "--strickt", ".")).isEqualTo(2);
        assertThat(err.toString())
                .startsWith("dit4j: Unknown option: '--strickt'")
                .contains("--strict")
                .contains("Try 'dit4j verify --help'.");
    }

    @Test
    void aUsersMistakeIsOneLineAndExitCodeOne() {
        assertThat(run("verify", folder.toString())).isEqualTo(1);
        assertThat(err.toString().lines())
                .containsExactly("dit4j: there is no reference case at " + folder);
    }

    @Test
    void stacktraceShowsTheRest() {
        assertThat(run("verify", folder.toString(), "--stacktrace")).isEqualTo(1);
        assertThat(err.toString()).contains("ConfigException", "at org.dit4j");
    }

    @Test
    void completionIsAShellScript() {
        assertThat(run("generate-completion")).isZero();
        assertThat(out.toString()).startsWith("#!").contains("verify");
    }

    @Test
    void modelsListsSizesWithTheirParameters() {
        assertThat(run("models")).isZero();
        // DiT paper, table 1: 675 M, 458 M, 130 M, 33 M
        assertThat(out.toString().lines().map(String::strip))
                .anyMatch(line -> line.matches("DiT-XL/2 +67\\d\\.\\d M +1\\.35 GB +2\\.70 GB"))
                .anyMatch(line -> line.matches("DiT-L/2 +45\\d\\.\\d M .*"))
                .anyMatch(line -> line.matches("DiT-B/2 +13\\d\\.\\d M .*"))
                .anyMatch(line -> line.matches("DiT-S/2 +3[23]\\.\\d M .*"));
        assertThat(run("models", "--json")).isZero();
        assertThat(out.toString()).contains("\"presets\"");
    }

    private int run(String... args) {
        return Dit4j.run(new PrintWriter(out), new PrintWriter(err), args);
    }
}
