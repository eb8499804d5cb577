package org.dit4j.conformance;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Dtype;

/// How far a result may be from the reference: `factor * max(floor, largest |expected|)`.
///
/// @param factor allowed share of the scale
/// @param floor the scale below which a tensor's own size does not count
/// @param reason why this and not the default; empty for the default
public record Tolerance(double factor, double floor, String reason) {
    /// float32 results: 2e-5 of values of order one, which leaves room for another order of sums.
    public static final Tolerance FLOAT32 = new Tolerance(2e-5, 1, "");

    /// float64 tables, where only the last digits may differ.
    public static final Tolerance FLOAT64 = new Tolerance(1e-10, 1, "");

    /// Integers, truth values: every element the same.
    public static final Tolerance EXACT = new Tolerance(0, 1, "");

    /// Returns a tolerance of `factor * max(1, largest |expected|)`.
    public static Tolerance of(double factor, String reason) {
        return new Tolerance(factor, 1, reason);
    }

    /// Returns a tolerance of `factor * largest |expected|`, for tensors that are small throughout.
    public static Tolerance relative(double factor, String reason) {
        return new Tolerance(factor, 0, reason);
    }

    /// Returns a tolerance of `difference`, whatever the tensor's size.
    public static Tolerance absolute(double difference, String reason) {
        return new Tolerance(difference, Double.POSITIVE_INFINITY, reason);
    }

    /// Returns the default for a tensor of that element type.
    public static Tolerance byDtype(Tensor expected) {
        Dtype dtype = Dtype.of(expected);
        if (!dtype.isFloat()) {
            return EXACT;
        }
        return dtype == Dtype.FLOAT64 ? FLOAT64 : FLOAT32;
    }

    /// Returns the largest absolute difference allowed for a tensor whose largest element is
    /// `scale`.
    public double bound(double scale) {
        return floor == Double.POSITIVE_INFINITY ? factor : factor * Math.max(floor, scale);
    }
}
