package org.dit4j.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OpsTest {
    @ParameterizedTest
    @CsvSource({
        "1, 2, true",
        "3e38, 3e38, true", // the sum overflows
        "NaN, 1, false",
        "Infinity, 1, false",
        "Infinity, -Infinity, false",
        "-Infinity, 0, false"
    })
    void finiteMeansEveryElement(float a, float b, boolean finite) {
        try (var _ = TensorScope.open()) {
            Tensor x =
                    Ops.cat(
                            0,
                            Tensors.full(0.5, Dtype.FLOAT32, 1000),
                            Tensors.full(a, Dtype.FLOAT32, 1),
                            Tensors.full(b, Dtype.FLOAT32, 1));
            assertThat(Ops.isFinite(x)).isEqualTo(finite);
        }
    }
}
