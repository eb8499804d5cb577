package org.dit4j.tensor;

import java.util.Arrays;
import org.bytedeco.pytorch.Tensor;

/// Shapes of tensors, and the check at every public boundary.
public final class Shapes {
    /// Stands for any size in [#require].
    public static final long ANY = -1;

    private Shapes() {}

    /// Returns the sizes of all axes of `x`.
    public static long[] of(Tensor x) {
        var shape = new long[(int) x.dim()];
        for (int i = 0; i < shape.length; i++) {
            shape[i] = x.size(i);
        }
        return shape;
    }

    /// Checks that `x` has the shape `wanted`, where [#ANY] fits every size, and returns `x`.
    ///
    /// @throws ShapeException naming the tensor, the wanted and the actual shape
    public static Tensor require(Tensor x, String name, long... wanted) {
        long[] actual = of(x);
        boolean fits = actual.length == wanted.length;
        for (int i = 0; fits && i < wanted.length; i++) {
            fits = wanted[i] == ANY || wanted[i] == actual[i];
        }
        if (!fits) {
            throw new ShapeException(
                    "%s must have shape %s but has %s"
                            .formatted(name, text(wanted), Arrays.toString(actual)));
        }
        return x;
    }

    /// Returns the number of elements of a tensor of that shape.
    ///
    /// @throws ShapeException if a size is negative or the product exceeds a long
    public static long count(long... shape) {
        long n = 1;
        for (long size : shape) {
            if (size < 0) {
                throw new ShapeException("negative size in shape " + Arrays.toString(shape));
            }
            try {
                n = Math.multiplyExact(n, size);
            } catch (ArithmeticException e) {
                throw new ShapeException("shape " + Arrays.toString(shape) + " is too large");
            }
        }
        return n;
    }

    private static String text(long[] wanted) {
        return Arrays.toString(wanted).replace("-1", "*");
    }
}
