package org.dit4j.diffusion;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.tensor.Ops;

/// The polynomial through the newest values of a function of time, continued: the Taylor series
/// with finite differences for the derivatives (Liu et al. 2025, arXiv:2503.06923, section 3.2), in
/// Lagrange's form, which is exact for polynomials also where the times are not equally spaced.
///
/// @param times of the values, all different, the newest first
/// @param values one for each time, of one shape
record Forecast(List<Double> times, List<Tensor> values) {
    Forecast {
        times = List.copyOf(times);
        values = List.copyOf(values);
    }

    /// Returns what [#memory] stored; without values where those are of other samples.
    ///
    /// @param tensors how many stand before the values
    /// @param numbers how many stand before the times
    /// @param samples that the values must be of
    static Forecast in(Memory memory, int tensors, int numbers, long samples) {
        List<Tensor> all = memory.tensors();
        if (all.size() <= tensors || all.getLast().size(0) != samples) {
            return new Forecast(List.of(), List.of());
        }
        return new Forecast(
                memory.numbers().subList(numbers, memory.numbers().size()),
                all.subList(tensors, all.size()));
    }

    /// Returns a memory of this forecast behind other things.
    Memory memory(List<Tensor> tensors, double... numbers) {
        var allTensors = new ArrayList<>(tensors);
        allTensors.addAll(values);
        var allNumbers = new ArrayList<Double>();
        for (double number : numbers) {
            allNumbers.add(number);
        }
        allNumbers.addAll(times);
        return new Memory(allTensors, allNumbers, List.of());
    }

    /// Returns the forecast with a newer value, in place of an older one of the same time.
    ///
    /// @param order of the polynomial: one value more is kept
    Forecast with(double time, Tensor value, int order) {
        var newTimes = new ArrayList<>(List.of(time));
        var newValues = new ArrayList<>(List.of(value));
        for (int i = 0; i < times.size() && newTimes.size() <= order; i++) {
            if (times.get(i) != time) {
                newTimes.add(times.get(i));
                newValues.add(values.get(i));
            }
        }
        return new Forecast(newTimes, newValues);
    }

    /// Returns the value that the polynomial has at `time`; there must be a value.
    Tensor at(double time) {
        Tensor sum = Ops.mul(values.getFirst(), weight(0, time));
        for (int i = 1; i < values.size(); i++) {
            sum = Ops.addScaled(sum, values.get(i), weight(i, time));
        }
        return sum;
    }

    private double weight(int i, double time) {
        double product = 1;
        for (int j = 0; j < times.size(); j++) {
            if (j != i) {
                product *= (time - times.get(j)) / (times.get(i) - times.get(j));
            }
        }
        return product;
    }
}
