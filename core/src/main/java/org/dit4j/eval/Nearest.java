package org.dit4j.eval;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.tensor.Dtype;
import org.dit4j.tensor.Matrices;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.TensorScope;
import org.dit4j.tensor.Tensors;

/// The nearest training picture of each picture: whether a model makes new pictures or repeats what
/// it was trained with.
///
/// @param index which row of the training pictures, one for each picture
/// @param distance Euclidean distance to it
public record Nearest(int[] index, double[] distance) {
    private static final int ROWS = 1024;

    /// Finds the nearest rows, by one matrix product for each thousand training pictures.
    ///
    /// @param training `[N, D]`, features or pixels of any element type
    /// @param pictures `[M, D]`
    public static Nearest of(Tensor training, Tensor pictures) {
        ConfigException.require(training.size(0) > 0, "there are no training pictures");
        var index = new int[(int) pictures.size(0)];
        var best = new float[index.length];
        Arrays.fill(best, Float.POSITIVE_INFINITY);
        for (long from = 0; from < training.size(0); from += ROWS) {
            try (var _ = TensorScope.open()) {
                Tensor block = training.narrow(0, from, Math.min(ROWS, training.size(0) - from));
                Tensor d = squared(pictures, block); // [M, rows]
                long[] row = Tensors.longs(Matrices.largest(d.neg()));
                float[] value = Tensors.floats(Matrices.smallest(d, 1));
                for (int i = 0; i < best.length; i++) {
                    if (value[i] < best[i]) {
                        best[i] = value[i];
                        index[i] = (int) (from + row[i]);
                    }
                }
            }
        }
        var distance = new double[index.length];
        Arrays.setAll(distance, i -> exact(pictures, i, training, index[i]));
        return new Nearest(index, distance);
    }

    /// Squared distances but for a constant of each row of `x`: enough to find the nearest.
    private static Tensor squared(Tensor x, Tensor y) {
        Tensor a = Ops.to(x, Dtype.FLOAT32);
        Tensor b = Ops.to(y, Dtype.FLOAT32);
        return Ops.sum(b.square(), false, 1).sub(Ops.mul(a.matmul(b.t()), 2));
    }

    private static double exact(Tensor x, long i, Tensor y, long j) {
        try (var _ = TensorScope.open()) {
            Tensor a = Ops.to(x.select(0, i), Dtype.FLOAT64);
            Tensor b = Ops.to(y.select(0, j), Dtype.FLOAT64);
            return Math.sqrt(Ops.item(a.sub(b).square().sum()));
        }
    }

    /// Returns the distance below which a share `q` of the pictures lies.
    ///
    /// @param q in [0, 1]
    public double quantile(double q) {
        double[] sorted = distance.clone();
        Arrays.sort(sorted);
        return sorted[(int) Math.round(q * (sorted.length - 1))];
    }

    /// Returns the share of the pictures that lie nearer than `limit`.
    public double shareBelow(double limit) {
        return Arrays.stream(distance).filter(d -> d < limit).count() / (double) distance.length;
    }

    /// Returns the pictures in the order of their distances, the nearest first.
    public int[] order() {
        return IntStream.range(0, distance.length)
                .boxed()
                .sorted(Comparator.comparingDouble(i -> distance[i]))
                .mapToInt(i -> i)
                .toArray();
    }
}
