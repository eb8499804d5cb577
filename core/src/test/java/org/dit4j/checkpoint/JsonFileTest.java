package org.dit4j.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.dit4j.ConfigException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class JsonFileTest {
    @TempDir Path folder;

    record Inner(int depth) {
        Inner {
            ConfigException.require(depth > 0, "depth must be positive but is %d", depth);
        }
    }

    record Settings(String name, List<Inner> parts, double rate) {}

    @Test
    void aRecordIsReadBackAsWritten() {
        Path file = folder.resolve("a.json");
        var value = new Settings("x", List.of(new Inner(1), new Inner(2)), 0.5);
        JsonFile.write(file, value);
        assertThat(JsonFile.read(file, Settings.class)).isEqualTo(value);
        assertThat(JsonFile.tree(file).path("rate").asDouble()).isEqualTo(0.5);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    {"name":"x","parts":[],"rate":1,"colour":2}       | unknown key "colour"
                    {"name":"x","parts":[]}                           | rate: this key is missing
                    {"name":"x","parts":[],"rate":1,"rate":2}         | uplicate
                    {"name":"x","parts":[{"depth":0}],"rate":1}       | parts[0]: depth must be positive but is 0
                    {"name":"x","parts":[{"depth":1.5}],"rate":1}     | parts[0].depth
                    {"name":"x","parts":[{"depth":null}],"rate":1}    | depth
                    {"name":"x","parts":[{"depth":1,"deep":1}],"rate":1} | parts[0]: unknown key "deep"
                    {"name":"x","parts":[],"rate":"fast"}             | rate
                    {"name":"x",,}                                    | line 1, column
                    {"name":"x","parts":[],"rate":1} 7                | a.json
                    """)
    void aWrongFileIsRefusedInOneLineWithFileAndKey(String json, String part) throws IOException {
        Path file = Files.writeString(folder.resolve("a.json"), json);
        assertThatThrownBy(() -> JsonFile.read(file, Settings.class))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("a.json")
                .hasMessageContaining(part)
                .message()
                .doesNotContain("\n");
    }

    @Test
    void aMissingFileIsNamed() {
        assertThatThrownBy(() -> JsonFile.tree(folder.resolve("none.json")))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("no such file or folder");
    }
}
