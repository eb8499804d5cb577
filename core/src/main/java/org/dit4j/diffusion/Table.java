package org.dit4j.diffusion;

import java.util.Arrays;
import java.util.List;
import java.util.function.DoubleUnaryOperator;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.tensor.Ops;
import org.dit4j.tensor.Shapes;
import org.dit4j.tensor.Tensors;

/// One float64 number for each timestep. Immutable.
public final class Table {
    private final double[] values;

    private Table(double[] values) {
        this.values = values;
    }

    /// Returns a table of a copy of `values`.
    public static Table of(double... values) {
        return new Table(values.clone());
    }

    /// Returns the table of `f(0) ... f(size - 1)`.
    public static Table of(int size, IntToDoubleFunction f) {
        return new Table(IntStream.range(0, size).mapToDouble(f).toArray());
    }

    /// Returns the number of timesteps.
    public int size() {
        return values.length;
    }

    /// Returns the value of timestep `t`.
    public double at(int t) {
        return values[t];
    }

    /// Returns a copy of all values.
    public double[] values() {
        return values.clone();
    }

    /// Returns all values in float32, as networks are given times.
    public List<Float> floats() {
        return Arrays.stream(values).mapToObj(v -> (float) v).toList();
    }

    /// Returns the table of `f` of each value.
    public Table map(DoubleUnaryOperator f) {
        return new Table(Arrays.stream(values).map(f).toArray());
    }

    /// Returns each sample's value, rounded to float32 as `_extract_into_tensor` of the reference
    /// does (DiT, `gaussian_diffusion.py`).
    ///
    /// @param t int64 `[B]`, in `0 .. size - 1`
    /// @param like `[B, ...]`: device, element type and number of axes
    /// @return `[B, 1, ...]`, which broadcasts against `like`
    /// @throws ConfigException if a timestep is outside of the table
    public Tensor at(Tensor t, Tensor like) {
        Shapes.require(t, "t", like.size(0));
        var shape = new long[(int) like.dim()];
        Arrays.fill(shape, 1);
        shape[0] = like.size(0);
        return Ops.like(Tensors.of(lookUp(t), shape), like);
    }

    /// Returns each sample's value as float32 `[B]` on the device of `t`.
    public Tensor at(Tensor t) {
        Tensor found = Tensors.of(lookUp(t), t.size(0));
        return found.to(t.device(), found.scalar_type());
    }

    private float[] lookUp(Tensor t) {
        long[] index = Tensors.longs(t);
        var found = new float[index.length];
        for (int i = 0; i < index.length; i++) {
            ConfigException.require(
                    index[i] >= 0 && index[i] < values.length,
                    "timestep must be in 0..%d but is %d",
                    values.length - 1,
                    index[i]);
            found[i] = (float) values[(int) index[i]];
        }
        return found;
    }
}
