package org.dit4j.tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.LongArrayRef;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;

/// Makes tensors from Java values and reads them back.
public final class Tensors {
    private Tensors() {}

    /// Returns a float32 tensor with a copy of `values` in the given shape.
    public static Tensor of(float[] values, long... shape) {
        return copyOf(MemorySegment.ofArray(values), Dtype.FLOAT32, shape);
    }

    /// Returns a float64 tensor with a copy of `values` in the given shape.
    public static Tensor of(double[] values, long... shape) {
        return copyOf(MemorySegment.ofArray(values), Dtype.FLOAT64, shape);
    }

    /// Returns an int64 tensor with a copy of `values` in the given shape.
    public static Tensor of(long[] values, long... shape) {
        return copyOf(MemorySegment.ofArray(values), Dtype.INT64, shape);
    }

    /// Returns a uint8 tensor with a copy of `values` in the given shape.
    public static Tensor of(byte[] values, long... shape) {
        return copyOf(MemorySegment.ofArray(values), Dtype.UINT8, shape);
    }

    /// Returns a float32 tensor without axes.
    public static Tensor scalar(double value) {
        return full(value, Dtype.FLOAT32);
    }

    /// Returns a tensor filled with `value`.
    public static Tensor full(double value, Dtype dtype, long... shape) {
        return torch.full(shape, new Scalar(value), options(dtype));
    }

    /// Returns a tensor of zeros.
    public static Tensor zeros(Dtype dtype, long... shape) {
        return torch.zeros(shape, options(dtype));
    }

    /// Returns a tensor of that shape without memory, for counting.
    public static Tensor meta(Dtype dtype, long... shape) {
        return torch.zeros(
                shape,
                options(dtype)
                        .device(new org.bytedeco.pytorch.DeviceOptional(Device.META.torch())));
    }

    /// Returns `n` float32 numbers from `start` to `end` in equal steps, both included.
    public static Tensor linspace(double start, double end, long n) {
        return torch.linspace(new Scalar(start), new Scalar(end), n, options(Dtype.FLOAT32));
    }

    /// Returns the int64 numbers `from` to `to - 1`.
    public static Tensor range(long from, long to) {
        var values = new long[Math.toIntExact(Math.max(0, to - from))];
        for (int i = 0; i < values.length; i++) {
            values[i] = from + i;
        }
        return of(values, values.length);
    }

    /// Returns entries of the first axis of `x` by their numbers.
    public static Tensor rows(Tensor x, long... numbers) {
        return rows(x, of(numbers, numbers.length));
    }

    /// The same.
    ///
    /// @param numbers `[B]`, int64, on any device
    public static Tensor rows(Tensor x, Tensor numbers) {
        if (x.is_meta()) {
            long[] shape = Shapes.of(x);
            shape[0] = numbers.size(0);
            return meta(Dtype.of(x), shape);
        }
        return x.index_select(0, Ops.on(numbers, x));
    }

    /// Returns a copy of the bytes of `data` as a tensor.
    ///
    /// @throws ShapeException if `data` has another size than the shape needs
    public static Tensor copyOf(MemorySegment data, Dtype dtype, long... shape) {
        long bytes = Shapes.count(shape) * dtype.bytes();
        if (data.byteSize() != bytes) {
            throw new ShapeException(
                    "%d bytes of data do not fill %s of shape %s"
                            .formatted(data.byteSize(), dtype, java.util.Arrays.toString(shape)));
        }
        Tensor t = torch.zeros(shape, options(dtype));
        if (bytes > 0) {
            data(t).copyFrom(data);
        }
        return t;
    }

    /// Returns a tensor that reads the native memory of `data` without a copy. The memory must stay
    /// alive as long as the tensor, and be aligned to the element size.
    public static Tensor view(MemorySegment data, Dtype dtype, long... shape) {
        if (Shapes.count(shape) == 0) {
            return torch.zeros(shape, options(dtype));
        }
        return torch.from_blob(new Address(data), shape, options(dtype));
    }

    /// Returns a view of `flat` with other axes.
    ///
    /// @param strides elements of `flat` from one index to the next, for each axis
    /// @param offset the first element
    public static Tensor strided(Tensor flat, long[] shape, long[] strides, long offset) {
        return flat.as_strided(shape, strides, new org.bytedeco.pytorch.LongOptional(offset));
    }

    /// Returns the memory of a contiguous CPU tensor, valid as long as the tensor lives.
    public static MemorySegment data(Tensor x) {
        if (!x.is_contiguous() || !x.is_cpu()) {
            throw new ShapeException("only a contiguous CPU tensor shows its memory");
        }
        return x.numel() == 0
                ? MemorySegment.NULL
                : MemorySegment.ofAddress(x.data_ptr().address()).reinterpret(x.nbytes());
    }

    /// Returns the elements as float32, row-major.
    public static float[] floats(Tensor x) {
        try (var scope = TensorScope.open()) {
            return data(host(x, Dtype.FLOAT32)).toArray(ValueLayout.JAVA_FLOAT);
        }
    }

    /// Returns the elements as float64, row-major.
    public static double[] doubles(Tensor x) {
        try (var scope = TensorScope.open()) {
            return data(host(x, Dtype.FLOAT64)).toArray(ValueLayout.JAVA_DOUBLE);
        }
    }

    /// Returns the elements as int64, row-major.
    public static long[] longs(Tensor x) {
        try (var scope = TensorScope.open()) {
            return data(host(x, Dtype.INT64)).toArray(ValueLayout.JAVA_LONG);
        }
    }

    /// Returns the elements of a uint8, int8 or bool tensor, row-major.
    public static byte[] bytes(Tensor x) {
        try (var scope = TensorScope.open()) {
            return data(host(x, Dtype.of(x))).toArray(ValueLayout.JAVA_BYTE);
        }
    }

    /// Copies `x` into a new native segment of `arena`.
    public static MemorySegment copyTo(Tensor x, Arena arena) {
        try (var scope = TensorScope.open()) {
            MemorySegment from = data(host(x, Dtype.of(x)));
            return arena.allocate(Math.max(1, from.byteSize()), 64)
                    .asSlice(0, from.byteSize())
                    .copyFrom(from);
        }
    }

    private static Tensor host(Tensor x, Dtype dtype) {
        return Ops.to(Ops.to(x.detach(), Device.CPU), dtype).contiguous();
    }

    static TensorOptions options(Dtype dtype) {
        return new TensorOptions(dtype.scalarType());
    }

    static LongArrayRef longs(long... values) {
        return new LongArrayRef(values, values.length);
    }

    /// A pointer to memory that somebody else owns.
    private static final class Address extends Pointer {
        Address(MemorySegment segment) {
            address = segment.address();
            limit = segment.byteSize();
            capacity = segment.byteSize();
        }
    }
}
