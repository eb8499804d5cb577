package org.dit4j.eval;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.Shapes;
import org.dit4j.tensor.TensorScope;

/// The kernel distance KID (Binkowski et al. 2018, arXiv:1801.01401, section 4): the squared
/// maximum mean discrepancy under the kernel `(x y / D + 1)^3`, estimated without bias, in float64.
public final class KernelDistance {
    private static final int DEGREE = 3;

    /// Mean and standard deviation over subsets.
    ///
    /// @param mean the estimate
    /// @param std of the subsets' values around it, divided by their number
    public record Estimate(double mean, double std) {}

    private KernelDistance() {}

    /// Returns the estimate from all pictures; it may be a little below 0.
    ///
    /// @param x `[N, D]`, N at least 2
    /// @param y `[M, D]`, M at least 2
    public static double between(Tensor x, Tensor y) {
        long n = x.size(0);
        long m = y.size(0);
        Shapes.require(y, "features", Shapes.ANY, x.size(1));
        ConfigException.require(
                n > 1 && m > 1, "the distance needs 2 pictures each but there are %d and %d", n, m);
        try (var _ = TensorScope.open()) {
            Tensor a = Ops.to(x, Dtype.FLOAT64);
            Tensor b = Ops.to(y, Dtype.FLOAT64);
            return within(a) + within(b) - 2 * Ops.item(kernel(a, b).mean());
        }
    }

    /// Returns mean and spread over random subsets without repeats, as the paper reports them (100
    /// subsets of 1000).
    ///
    /// @param size of a subset, at most the number of pictures
    public static Estimate overSubsets(Tensor x, Tensor y, int size, int subsets, Rng rng) {
        ConfigException.require(
                size > 1 && size <= Math.min(x.size(0), y.size(0)),
                "a subset must have 2 to %d pictures but has %d",
                Math.min(x.size(0), y.size(0)),
                size);
        ConfigException.require(subsets > 0, "subsets must be positive but is %d", subsets);
        var values = new double[subsets];
        for (int i = 0; i < subsets; i++) {
            try (var _ = TensorScope.open()) {
                values[i] = between(draw(x, size, rng), draw(y, size, rng));
            }
        }
        return estimate(values);
    }

    /// Returns mean and spread of the values of subsets.
    public static Estimate estimate(double[] values) {
        double mean = 0;
        for (double v : values) {
            mean += v / values.length;
        }
        double variance = 0;
        for (double v : values) {
            variance += (v - mean) * (v - mean) / values.length;
        }
        return new Estimate(mean, Math.sqrt(variance));
    }

    private static Tensor draw(Tensor x, int size, Rng rng) {
        return x.index_select(0, rng.permutation(x.size(0)).narrow(0, 0, size));
    }

    /// Returns the mean of the kernel over pairs of different pictures of one set.
    private static double within(Tensor x) {
        Tensor k = kernel(x, x);
        double n = x.size(0);
        return (Ops.item(k.sum()) - Ops.item(k.trace())) / (n * (n - 1));
    }

    private static Tensor kernel(Tensor x, Tensor y) {
        return Ops.pow(Ops.add(Ops.div(x.matmul(y.t()), x.size(1)), 1), DEGREE);
    }
}
