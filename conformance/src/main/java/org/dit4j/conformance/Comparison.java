package org.dit4j.conformance;

import java.util.Arrays;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Device;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Shapes;
import org.dit4j.tensor.Tensors;

/// Compares two tensors element by element in float64, integers as integers.
final class Comparison {
    private Comparison() {}

    static Finding of(String name, Tensor expected, Tensor actual, Tolerance tolerance) {
        long[] wanted = Shapes.of(expected);
        if (!Arrays.equals(wanted, Shapes.of(actual))) {
            return anotherShape(name, expected, actual);
        }
        boolean whole = !Dtype.of(expected).isFloat() && !Dtype.of(actual).isFloat();
        return whole
                ? integers(name, wanted, Tensors.longs(expected), Tensors.longs(actual), tolerance)
                : floats(
                        name,
                        wanted,
                        Tensors.doubles(expected),
                        Tensors.doubles(actual),
                        tolerance);
    }

    private static Finding anotherShape(String name, Tensor expected, Tensor actual) {
        String note =
                "shape must be %s but is %s"
                        .formatted(
                                Arrays.toString(Shapes.of(expected)),
                                Arrays.toString(Shapes.of(actual)));
        return Finding.note(name, Status.FAIL, note);
    }

    /// Compares what has no numbers: `actual` must be on META, as the network is.
    static Finding shapes(String name, Tensor expected, Tensor actual) {
        if (!Arrays.equals(Shapes.of(expected), Shapes.of(actual))) {
            return anotherShape(name, expected, actual);
        }
        Device place = Device.of(actual);
        return place.equals(Device.META)
                ? Finding.note(name, Status.PASS, "")
                : Finding.note(name, Status.FAIL, "must be on meta but is on " + place);
    }

    private static Finding integers(
            String name, long[] shape, long[] expected, long[] actual, Tolerance tolerance) {
        var worst = new Worst();
        for (int i = 0; i < expected.length; i++) {
            double difference =
                    expected[i] == actual[i] ? 0 : Math.abs((double) expected[i] - actual[i]);
            boolean rounded = difference == 0 && expected[i] != actual[i];
            worst.see(i, rounded ? 1 : difference, Math.abs((double) expected[i]));
        }
        return worst.finding(
                name,
                shape,
                tolerance,
                i -> "wanted %d but got %d".formatted(expected[i], actual[i]));
    }

    private static Finding floats(
            String name, long[] shape, double[] expected, double[] actual, Tolerance tolerance) {
        var worst = new Worst();
        for (int i = 0; i < expected.length; i++) {
            worst.see(i, difference(expected[i], actual[i]), Math.abs(expected[i]));
        }
        return worst.finding(
                name,
                shape,
                tolerance,
                i -> "wanted %.9g but got %.9g".formatted(expected[i], actual[i]));
    }

    /// Infinite where one of the two is NaN or infinite and the other is not the same.
    private static double difference(double expected, double actual) {
        if (Double.compare(expected, actual) == 0 || expected == actual) {
            return 0;
        }
        double d = Math.abs(expected - actual);
        return Double.isNaN(d) ? Double.POSITIVE_INFINITY : d;
    }

    private static String position(long[] shape, int index) {
        var at = new long[shape.length];
        long rest = index;
        for (int axis = shape.length - 1; axis >= 0; axis--) {
            at[axis] = rest % shape[axis];
            rest /= shape[axis];
        }
        return Arrays.toString(at);
    }

    /// The element that is furthest off, and the largest finite element of the reference.
    private static final class Worst {
        private int at;
        private double difference;
        private double scale;

        void see(int index, double d, double size) {
            if (d > difference) {
                at = index;
                difference = d;
            }
            if (size > scale && size < Double.POSITIVE_INFINITY) {
                scale = size;
            }
        }

        Finding finding(
                String name,
                long[] shape,
                Tolerance tolerance,
                java.util.function.IntFunction<String> values) {
            double bound = tolerance.bound(scale);
            boolean pass = difference <= bound;
            String note =
                    pass
                            ? tolerance.reason()
                            : "at %s %s".formatted(position(shape, at), values.apply(at));
            double relative = difference == 0 ? 0 : difference / scale;
            return new Finding(
                    name, pass ? Status.PASS : Status.FAIL, difference, relative, bound, note);
        }
    }
}
