package org.dit4j.app;

import java.util.Optional;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.QuantizedKind;
import org.jspecify.annotations.Nullable;

/// What the networks of benchmarks compute in.
enum BenchPrecision {
    FP32(Dtype.FLOAT32, null),
    BF16(Dtype.BFLOAT16, null),
    INT8(Dtype.BFLOAT16, QuantizedKind.INT8),
    INT4(Dtype.BFLOAT16, QuantizedKind.INT4);

    private final Dtype dtype;
    private final @Nullable QuantizedKind kind;

    BenchPrecision(Dtype dtype, @Nullable QuantizedKind kind) {
        this.dtype = dtype;
        this.kind = kind;
    }

    /// Returns the element type of what passes between the layers.
    Dtype dtype() {
        return dtype;
    }

    /// Returns how the large matrices are stored, if not in that type.
    Optional<QuantizedKind> kind() {
        return Optional.ofNullable(kind);
    }
}
