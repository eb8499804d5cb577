package org.dit4j.tensor;

import java.util.Locale;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// The element types of tensors, with their names in safetensors files.
public enum Dtype {
    /// IEEE double precision.
    FLOAT64("F64", 8, ScalarType.Double),
    /// IEEE single precision.
    FLOAT32("F32", 4, ScalarType.Float),
    /// IEEE half precision.
    FLOAT16("F16", 2, ScalarType.Half),
    /// The upper half of single precision.
    BFLOAT16("BF16", 2, ScalarType.BFloat16),
    /// 8-bit float, 5 bits exponent.
    FLOAT8_E5M2("F8_E5M2", 1, ScalarType.Float8_e5m2),
    /// 8-bit float, 4 bits exponent, finite.
    FLOAT8_E4M3("F8_E4M3", 1, ScalarType.Float8_e4m3fn),
    /// Signed 64-bit integer.
    INT64("I64", 8, ScalarType.Long),
    /// Signed 32-bit integer.
    INT32("I32", 4, ScalarType.Int),
    /// Signed 16-bit integer.
    INT16("I16", 2, ScalarType.Short),
    /// Signed 8-bit integer.
    INT8("I8", 1, ScalarType.Char),
    /// Unsigned 8-bit integer.
    UINT8("U8", 1, ScalarType.Byte),
    /// Truth value, one byte each.
    BOOL("BOOL", 1, ScalarType.Bool);

    private final String safetensors;
    private final int bytes;
    private final ScalarType scalarType;

    Dtype(String safetensors, int bytes, ScalarType scalarType) {
        this.safetensors = safetensors;
        this.bytes = bytes;
        this.scalarType = scalarType;
    }

    /// Returns the type's name in a safetensors header, such as `BF16`.
    public String safetensorsName() {
        return safetensors;
    }

    /// Returns the size of an element in bytes.
    public int bytes() {
        return bytes;
    }

    /// Returns whether this is a floating-point type.
    public boolean isFloat() {
        return switch (this) {
            case FLOAT64, FLOAT32, FLOAT16, BFLOAT16, FLOAT8_E5M2, FLOAT8_E4M3 -> true;
            case INT64, INT32, INT16, INT8, UINT8, BOOL -> false;
        };
    }

    /// Returns the lower-case name as PyTorch writes it, such as `bfloat16`.
    public String torchName() {
        return name().toLowerCase(Locale.ROOT);
    }

    ScalarType scalarType() {
        return scalarType;
    }

    /// Returns the element type of `x`.
    ///
    /// @throws ShapeException if the type is none of these
    public static Dtype of(Tensor x) {
        int value = x.scalar_type().intern().value;
        for (Dtype d : values()) {
            if (d.scalarType.value == value) {
                return d;
            }
        }
        throw new ShapeException("unsupported element type number " + value);
    }
}
