package org.dit4j.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.Dit4jException;
import org.dit4j.checkpoint.Safetensors;
import org.dit4j.checkpoint.StateDict;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

class SeededWeightsTest {
    private static final Path COMMITTED = Path.of("cases");
    private static final Path ALL = Path.of("..", "..", "shared", "reference");

    @TempDir Path folder;

    @Test
    void tensorsAreDrawnOneAfterTheOtherAndTablesAreCopied() throws IOException {
        Path from =
                recipe(
                        """
                        {"name": "b", "shape": [4, 5], "mean": 1, "gain": 0.1},
                        {"name": "a", "shape": [3], "gain": 1.5, "fan_in": 4}
                        """);
        Path to = folder.resolve("new");
        try (var _ = TensorScope.open();
                var rng = Rng.seeded(7)) {
            Safetensors.write(
                    from.resolve("tables.safetensors"),
                    Map.of("fixed", Tensors.of(new float[] {8}, 1)),
                    Map.of());
            SeededWeights.expand(folder.resolve("old"), to);
            try (var weights = StateDict.open(to.resolve("part/w.safetensors"))) {
                assertThat(weights.names()).containsExactlyInAnyOrder("a", "b", "fixed");
                Tensor b = Ops.add(Ops.mul(rng.normal(4, 5), 0.1), 1);
                Tensor a = Ops.mul(rng.normal(3), 0.75);
                assertThat(Ops.maxAbsDifference(weights.tensor("b"), b)).isZero();
                assertThat(Ops.maxAbsDifference(weights.tensor("a"), a)).isLessThan(1e-6);
                assertThat(Ops.item(weights.tensor("fixed"))).isEqualTo(8);
            }
        }
        assertThat(to.resolve("part/config.json")).hasContent("{}");
        assertThat(to.resolve("part/weights.json")).doesNotExist();
        assertThat(to.resolve("part/tables.safetensors")).doesNotExist();
    }

    @Test
    void aRecipeThatCannotBeUsedIsOneClearLine() throws IOException {
        Path to = folder.resolve("new");
        Path from = recipe("{\"name\": \"a\", \"shape\": [50000, 50000], \"gain\": 1}");
        assertThatThrownBy(() -> SeededWeights.expand(from, to))
                .isInstanceOf(Dit4jException.class)
                .hasMessageContaining("tensor a must have at most 16777216 elements but has shape");
        recipe("{\"name\": \"a\", \"shape\": [2]}");
        assertThatThrownBy(() -> SeededWeights.expand(from, folder.resolve("other")))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("gain");
        assertThat(to.resolve("w.safetensors")).doesNotExist();
    }

    /// Where the files that the reference wrote stand beside the repository.
    @TestFactory
    Stream<DynamicTest> theWeightsAreThoseOfTheReference() throws IOException {
        try (Stream<Path> files = Files.walk(COMMITTED)) {
            List<Path> recipes = files.filter(f -> f.endsWith("weights.json")).toList();
            assertThat(recipes).hasSizeGreaterThan(20);
            return recipes.stream()
                    .map(file -> DynamicTest.dynamicTest(file.toString(), () -> compare(file)));
        }
    }

    private void compare(Path recipe) {
        Path from = recipe.resolveSibling("");
        Path wanted = ALL.resolve(COMMITTED.relativize(from));
        assumeThat(wanted).isDirectory();
        Path to = folder.resolve(String.valueOf(from.hashCode()));
        SeededWeights.expand(from, to);
        try (var _ = TensorScope.open();
                var a = weights(to);
                var b = weights(wanted)) {
            assertThat(a.names()).containsExactlyInAnyOrderElementsOf(b.names());
            for (String name : b.names()) {
                assertThat(Ops.maxAbsDifference(a.tensor(name), b.tensor(name)))
                        .as(name)
                        .isLessThanOrEqualTo(1e-6);
            }
        }
    }

    private static StateDict weights(Path folder) {
        Path diffusers = folder.resolve("diffusion_pytorch_model.safetensors");
        return StateDict.open(
                Files.exists(diffusers) ? diffusers : folder.resolve("model.safetensors"));
    }

    /// Writes a folder `old/part` and returns it.
    private Path recipe(String tensors) throws IOException {
        Path part = Files.createDirectories(folder.resolve("old/part"));
        Files.writeString(part.resolve("config.json"), "{}");
        Files.writeString(
                part.resolve("weights.json"),
                "{\"seed\": 7, \"file\": \"w.safetensors\", \"tensors\": [%s]}".formatted(tensors));
        return part;
    }
}
