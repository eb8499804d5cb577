package org.dit4j.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

class ShapesOnlyTest {
    /// Makes a tensor of a shape on one device or the other.
    private interface Maker extends Function<long[], Tensor> {
        default Tensor of(long... shape) {
            return apply(shape);
        }
    }

    private static final Map<String, Function<Maker, Tensor>> OPERATORS =
            Map.ofEntries(
                    Map.entry("linear", m -> Ops.linear(m.of(2, 3, 8), m.of(4, 8), m.of(4))),
                    Map.entry("cat", m -> Ops.cat(1, m.of(2, 3), m.of(2, 5))),
                    Map.entry("layer norm", m -> Ops.layerNorm(m.of(2, 8), m.of(8), m.of(8), 1)),
                    Map.entry("group norm", m -> Ops.groupNorm(m.of(2, 8, 5), 4, m.of(8), null, 1)),
                    Map.entry("relu", m -> Ops.relu(m.of(2, 3))),
                    Map.entry(
                            "where",
                            m -> Ops.where(Ops.greaterThan(m.of(3, 1), 0), m.of(1, 4), m.of(1, 1))),
                    Map.entry("rows", m -> Tensors.rows(m.of(5, 2, 3), 1, 1, 4)),
                    Map.entry(
                            "embedding",
                            m -> Ops.embedding(m.of(5, 3), Tensors.of(new long[] {1, 4}, 1, 2))),
                    Map.entry(
                            "batch norm",
                            m ->
                                    Spatial.batchNorm(
                                            m.of(2, 3, 4, 5),
                                            m.of(3),
                                            m.of(3),
                                            m.of(3),
                                            m.of(3),
                                            1)),
                    Map.entry(
                            "attention",
                            m ->
                                    AttentionKernel.attend(
                                            m.of(2, 3, 5, 4),
                                            m.of(2, 3, 7, 4),
                                            m.of(2, 3, 7, 4),
                                            m.of(2, 1, 1, 7),
                                            1)),
                    Map.entry(
                            "conv2d",
                            m -> Ops.conv2d(m.of(2, 3, 9, 8), m.of(5, 3, 3, 3), null, 2, 1)),
                    Map.entry(
                            "conv2d of another height than width",
                            m -> Spatial.conv2d(m.of(2, 3, 9, 8), m.of(5, 3, 1, 7), 1, true)),
                    Map.entry(
                            "conv2d in groups",
                            m ->
                                    Convolutions.grouped2d(
                                            m.of(2, 4, 6, 5), m.of(4, 2, 3, 3), m.of(4), 2)),
                    Map.entry(
                            "conv1d",
                            m ->
                                    Convolutions.conv1d(
                                            m.of(2, 3, 20), m.of(5, 3, 4), m.of(5), 3, 2, 2)),
                    Map.entry(
                            "transposed conv1d",
                            m ->
                                    Convolutions.transposed1d(
                                            m.of(2, 3, 7), m.of(3, 5, 8), m.of(5), 4, 2)),
                    Map.entry(
                            "conv3d",
                            m ->
                                    Convolutions.conv3d(
                                            m.of(2, 3, 7, 6, 5), m.of(4, 3, 3, 3, 1), null, 2)));

    @TestFactory
    Stream<DynamicTest> shapesAreThoseOfTheCpu() {
        return OPERATORS.entrySet().stream()
                .map(e -> DynamicTest.dynamicTest(e.getKey(), () -> compare(e.getValue())));
    }

    private static void compare(Function<Maker, Tensor> operator) {
        try (var _ = TensorScope.open()) {
            Tensor real = operator.apply(s -> Tensors.zeros(Dtype.FLOAT32, s));
            Tensor shape = operator.apply(s -> Tensors.meta(Dtype.FLOAT32, s));
            assertThat(Device.of(shape)).isEqualTo(Device.META);
            assertThat(Shapes.of(shape)).isEqualTo(Shapes.of(real));
            assertThat(Dtype.of(shape)).isEqualTo(Dtype.of(real));
        }
    }

    @TestFactory
    Stream<DynamicTest> oneOperandOnAnotherDeviceFails() {
        return OPERATORS.entrySet().stream()
                .filter(e -> operands(e.getValue()) > 1)
                .map(e -> DynamicTest.dynamicTest(e.getKey(), () -> mix(e.getValue())));
    }

    private static int operands(Function<Maker, Tensor> operator) {
        try (var _ = TensorScope.open()) {
            var count = new int[1];
            var _ =
                    operator.apply(s -> {
                        count[0]++;
                        return Tensors.meta(Dtype.FLOAT32, s);
                    });
            return count[0];
        }
    }

    /// Each operand in turn stays on the CPU.
    private static void mix(Function<Maker, Tensor> operator) {
        int n = operands(operator);
        for (int left = 0; left < n; left++) {
            try (var _ = TensorScope.open()) {
                int wrong = left;
                var number = new int[1];
                Maker maker =
                        s ->
                                number[0]++ == wrong
                                        ? Tensors.zeros(Dtype.FLOAT32, s)
                                        : Tensors.meta(Dtype.FLOAT32, s);
                assertThatThrownBy(() -> operator.apply(maker))
                        .as("operand %d", left)
                        .hasMessageContaining("device");
            }
        }
    }

    @Test
    void saysWhichOperandIsWhere() {
        try (var _ = TensorScope.open()) {
            Tensor x = Tensors.meta(Dtype.FLOAT32, 2, 3);
            Tensor w = Tensors.zeros(Dtype.FLOAT32, 4, 3);
            assertThatThrownBy(() -> Ops.linear(x, w, null))
                    .isInstanceOf(ShapeException.class)
                    .hasMessage(
                            "linear takes tensors of one device but they are on meta, cpu, none");
        }
    }

    @Test
    void rowsAreTheOnesAskedFor() {
        try (var _ = TensorScope.open()) {
            Tensor x = Tensors.of(new float[] {1, 2, 3, 4, 5, 6}, 3, 2);
            float[] rows = Tensors.floats(Tensors.rows(x, 2, 0, 2));
            assertThat(rows).containsExactly(5, 6, 1, 2, 5, 6);
        }
    }

    @Test
    void movesToTheDeviceOfAnother() {
        try (var _ = TensorScope.open()) {
            Tensor there = Tensors.meta(Dtype.BFLOAT16, 1);
            Tensor x = Ops.on(Tensors.range(0, 3), there);
            assertThat(Device.of(x)).isEqualTo(Device.META);
            assertThat(Dtype.of(x)).isEqualTo(Dtype.INT64);
            assertThat(Ops.on(x, there)).isSameAs(x);
        }
    }

    @Test
    void devicesAreNamedAsTheyAreRead() {
        assertThat(Arrays.asList(Device.CPU, new Device(Device.Kind.CUDA, 1), Device.META))
                .extracting(Device::toString)
                .containsExactly("cpu", "cuda:1", "meta");
        assertThat(Device.parse("CPU")).isEqualTo(Device.CPU);
        assertThatThrownBy(() -> Device.parse("gpu"))
                .hasMessage("device must be cpu, cuda or cuda:N but is gpu");
        assertThatThrownBy(() -> Device.parse("cuda:999"))
                .hasMessageContaining("device cuda:999 is not available: this libtorch sees");
        Device.CPU.synchronize();
    }
}
