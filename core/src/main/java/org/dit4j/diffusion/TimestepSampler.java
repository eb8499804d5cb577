package org.dit4j.diffusion;

import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.tensor.Rng;
import org.dit4j.tensor.Tensors;

/// Which steps of a process are trained how often (DiT, `diffusion/timestep_sampler.py`).
public interface TimestepSampler {
    /// Steps and the weights that make a mean over them unbiased.
    ///
    /// @param t int64 `[B]`
    /// @param weights float32 `[B]`: `1 / (steps * probability)`, to multiply the losses by
    record Draw(Tensor t, Tensor weights) {}

    /// Returns the weight of each step: positive, of any sum.
    double[] weights();

    /// Returns a sampler that draws every step equally often.
    static TimestepSampler uniform(int steps) {
        ConfigException.require(steps >= 1, "steps must be at least 1, not %d", steps);
        var ones = new double[steps];
        java.util.Arrays.fill(ones, 1);
        return ones::clone;
    }

    /// Draws the steps of a batch.
    default Draw draw(int batch, Rng rng) {
        return draw(rng.uniform64(batch));
    }

    /// Returns the steps that uniform numbers stand for, as `numpy.random.choice` inverts the
    /// cumulative distribution.
    ///
    /// @param uniform float64 `[B]` in [0, 1)
    default Draw draw(Tensor uniform) {
        double[] p = weights();
        double sum = 0;
        for (double weight : p) {
            sum += weight;
        }
        var cumulative = new double[p.length];
        double total = 0;
        for (int i = 0; i < p.length; i++) {
            p[i] /= sum;
            total += p[i];
            cumulative[i] = total;
        }
        double[] u = Tensors.doubles(uniform);
        var t = new long[u.length];
        var weights = new float[u.length];
        for (int i = 0; i < u.length; i++) {
            int index = 0;
            while (index < p.length - 1 && cumulative[index] / total <= u[i]) {
                index++;
            }
            t[i] = index;
            weights[i] = (float) (1 / (p.length * p[index]));
        }
        return new Draw(Tensors.of(t, t.length), Tensors.of(weights, t.length));
    }
}
