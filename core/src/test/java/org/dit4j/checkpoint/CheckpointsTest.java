package org.dit4j.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.nn.Linear;
import org.dit4j.nn.ParameterSource;
import org.dit4j.nn.Parameters;
import org.dit4j.tensor.Device;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class CheckpointsTest {
    @TempDir Path folder;
    private Path file = Path.of("");

    /// A network of two layers and a table.
    record Net(Linear a, Linear b, Tensor table, Parameters parameters) {
        static Net of(ParameterSource s) {
            return new Net(
                    s.linear("a", 2, 3),
                    s.at("blocks.0").linear("b", 3, 1),
                    s.buffer("table", Tensors.of(new float[] {7, 8}, 2)),
                    s.parameters());
        }

        float output() {
            try (var _ = TensorScope.open()) {
                Tensor x = Ops.to(Tensors.of(new float[] {1, 2}, 1, 2), Dtype.of(a.weight()));
                return Tensors.floats(b.forward(a.forward(x)))[0];
            }
        }
    }

    @BeforeEach
    void writeCheckpoint() {
        file = folder.resolve("model.safetensors");
        write(Map.of());
    }

    private void write(Map<String, float[]> changes) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        try (var _ = TensorScope.open()) {
            tensors.put("a.weight", Tensors.of(new float[] {1, 2, 3, 4, 5, 6}, 3, 2));
            tensors.put("a.bias", Tensors.of(new float[] {0, 0, 1}, 3));
            tensors.put("blocks.0.b.weight", Tensors.of(new float[] {1, 1, 2}, 1, 3));
            tensors.put("blocks.0.b.bias", Tensors.of(new float[] {-1}, 1));
            changes.forEach((k, v) -> tensors.put(k, Tensors.of(v, v.length)));
            Safetensors.write(file, tensors, Map.of());
        }
    }

    @Test
    void parametersOutliveScopesAndTheCallersStateDict() {
        Net net;
        try (var _ = TensorScope.open();
                var dict = StateDict.open(folder)) {
            net = Checkpoints.load(dict, LoadOptions.inference(), Net::of);
        }
        assertThat(net.output()).isEqualTo(5 + 11 + 2 * 18 - 1);
        assertThat(net.parameters().all().keySet())
                .containsExactly(
                        "a.weight", "a.bias", "blocks.0.b.weight", "blocks.0.b.bias", "table");
        assertThat(net.parameters().trained()).doesNotContainKey("table");
        assertThat(Tensors.floats(net.table())).containsExactly(7, 8);
        net.parameters().close();
    }

    @ParameterizedTest
    @EnumSource(
            value = Dtype.class,
            names = {"FLOAT64", "FLOAT32", "BFLOAT16"})
    void parametersComeInTheTypeThatIsAskedFor(Dtype dtype) {
        Net net = Checkpoints.load(folder, LoadOptions.inference().withDtype(dtype), Net::of);
        assertThat(net.parameters().all().values()).allMatch(t -> Dtype.of(t) == dtype);
        assertThat(net.output()).isEqualTo(51);
        net.parameters().close();
    }

    @Test
    void trainedParametersAreCopiesWithGradients() throws IOException {
        byte[] before = Files.readAllBytes(file);
        Net net = Checkpoints.load(folder, LoadOptions.training(), Net::of);
        assertThat(net.parameters().trained().values()).allMatch(Tensor::requires_grad);
        assertThat(net.table().requires_grad()).isFalse();
        Ops.noGrad(() -> Ops.fill_(net.a().weight(), 0));
        net.parameters().close();
        assertThat(Files.readAllBytes(file)).isEqualTo(before);
    }

    @Test
    void aTableInTheCheckpointReplacesTheComputedOne() {
        write(Map.of("table", new float[] {1, 2}));
        Net net = Checkpoints.load(folder, LoadOptions.inference(), Net::of);
        assertThat(Tensors.floats(net.table())).containsExactly(1, 2);
        net.parameters().close();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void everythingThatDoesNotFitIsInOneMessageAndNothingLeaks(boolean train) {
        write(
                Map.of(
                        "a.bias", new float[] {1, 2},
                        "table", new float[] {1, 2, 3},
                        "extra", new float[] {1}));
        var options = new LoadOptions(Dtype.FLOAT32, Device.CPU, train);
        failToLoad(options);
        try (var _ = TensorScope.open()) {
            long before = Ops.liveObjects();
            for (int i = 0; i < 20; i++) {
                failToLoad(options);
            }
            assertThat(Ops.liveObjects()).isLessThanOrEqualTo(before);
        }
    }

    private void failToLoad(LoadOptions options) {
        try (var _ = TensorScope.open()) {
            assertThatThrownBy(() ->
                            Checkpoints.load(
                                    folder,
                                    options,
                                    s -> {
                                        s.linear("c", 4, 5);
                                        return Net.of(s);
                                    }))
                    .isInstanceOf(CheckpointException.class)
                    .hasMessageContaining("model.safetensors does not fit the network")
                    .hasMessageContaining("2 missing: c.weight [5, 4], c.bias [5]")
                    .hasMessageContaining("1 unexpected: extra")
                    .hasMessageContaining("a.bias wants [3] but has [2]")
                    .hasMessageContaining("table wants [2] but has [3]");
        }
    }

    @Test
    void hundredsOfNamesAreSummarised() {
        assertThatThrownBy(() ->
                        Checkpoints.load(
                                folder,
                                LoadOptions.inference(),
                                s -> {
                                    for (int i = 0; i < 100; i++) {
                                        s.at("layers." + i).linear("fc", 4, 5);
                                    }
                                    return s;
                                }))
                .hasMessageContaining("200 missing: layers.{0..99}.fc.weight [5, 4]")
                .hasMessageContaining("4 unexpected: a.weight, a.bias")
                .message()
                .hasSizeLessThan(600);
    }

    @Test
    void aNetworkThatCannotBeBuiltKeepsItsOwnError() {
        assertThatThrownBy(() ->
                        Checkpoints.load(
                                folder,
                                LoadOptions.inference(),
                                s -> {
                                    throw new IllegalStateException("mine");
                                }))
                .hasMessage("mine");
    }

    @Test
    void notANumberIsFoundWhenAskedFor() {
        write(Map.of("a.bias", new float[] {1, Float.NaN, 2}));
        var options = LoadOptions.inference();
        Checkpoints.load(folder, options, Net::of).parameters().close();
        assertThatThrownBy(() -> Checkpoints.load(folder, options.withCheckFinite(true), Net::of))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("NaN or infinity in a.bias");
    }
}
