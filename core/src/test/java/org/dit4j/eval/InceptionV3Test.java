package org.dit4j.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import org.dit4j.checkpoint.CheckpointException;
import org.dit4j.checkpoint.JsonFile;
import org.dit4j.nn.ParameterSource;
import org.dit4j.tensor.Shapes;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/// Names and shapes; the reference case `metrics/inception` compares the numbers.
class InceptionV3Test {
    @Test
    void hasTheNamesAndShapesOfPytorchFid() {
        JsonNode names =
                JsonFile.tree(Path.of("..", "conformance", "cases", "metrics", "inception.json"))
                        .path("values")
                        .path("names");
        try (var inception = new InceptionV3(ParameterSource.counting())) {
            var all = inception.parameters().all();
            assertThat(all.keySet()).containsExactlyInAnyOrderElementsOf(names.propertyNames());
            all.forEach((name, w) -> {
                long[] shape = names.path(name).valueStream().mapToLong(JsonNode::asLong).toArray();
                assertThat(Shapes.of(w)).as(name).containsExactly(shape);
            });
        }
    }

    @Test
    void otherFileIsOneClearLine(@TempDir Path folder) throws Exception {
        Path file = Files.writeString(folder.resolve("weights.safetensors"), "no weights");
        assertThatThrownBy(() -> InceptionV3.load(file)).isInstanceOf(CheckpointException.class);
    }
}
