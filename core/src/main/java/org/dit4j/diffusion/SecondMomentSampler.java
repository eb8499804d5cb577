package org.dit4j.diffusion;

import java.util.Arrays;
import org.bytedeco.pytorch.Tensor;
import org.dit4j.ConfigException;
import org.dit4j.tensor.Shapes;
import org.dit4j.tensor.Tensors;

/// Draws steps in proportion to the root mean square of their latest losses (Nichol and Dhariwal
/// 2021, equation 18; DiT, `diffusion/timestep_sampler.py`, `LossSecondMomentResampler`). Uniform
/// until every step has a full history. Mutable; for one thread.
public final class SecondMomentSampler implements TimestepSampler {
    private final double[][] losses;
    private final int[] counts;
    private final double uniformShare;

    /// Starts without history.
    ///
    /// @param steps length of the process
    /// @param history how many losses of each step are remembered (10 in the original)
    /// @param uniformShare share of draws that stay uniform (0.001 in the original)
    public SecondMomentSampler(int steps, int history, double uniformShare) {
        ConfigException.require(
                steps >= 1 && history >= 1,
                "steps and history must be at least 1, not %d and %d",
                steps,
                history);
        ConfigException.require(
                uniformShare >= 0 && uniformShare <= 1,
                "the uniform share must be in [0, 1], not %s",
                uniformShare);
        losses = new double[steps][history];
        counts = new int[steps];
        this.uniformShare = uniformShare;
    }

    @Override
    public double[] weights() {
        int steps = counts.length;
        int full = losses[0].length;
        var weights = new double[steps];
        if (Arrays.stream(counts).anyMatch(count -> count < full)) {
            Arrays.fill(weights, 1);
            return weights;
        }
        double sum = 0;
        for (int t = 0; t < steps; t++) {
            weights[t] = Math.sqrt(Arrays.stream(losses[t]).map(l -> l * l).sum() / full);
            sum += weights[t];
        }
        for (int t = 0; t < steps; t++) {
            weights[t] = weights[t] / sum * (1 - uniformShare) + uniformShare / steps;
        }
        return weights;
    }

    /// Remembers what a batch gave.
    ///
    /// @param t int64 `[B]`
    /// @param loss `[B]`
    public void update(Tensor t, Tensor loss) {
        Shapes.require(loss, "loss", t.size(0));
        long[] steps = Tensors.longs(t);
        double[] values = Tensors.doubles(loss);
        for (int i = 0; i < steps.length; i++) {
            double[] row = losses[Math.toIntExact(steps[i])];
            if (counts[(int) steps[i]] == row.length) {
                System.arraycopy(row, 1, row, 0, row.length - 1);
                row[row.length - 1] = values[i];
            } else {
                row[counts[(int) steps[i]]++] = values[i];
            }
        }
    }

    /// Returns everything that is remembered, float64 `[steps, 1 + history]`: the number of losses,
    /// then the losses.
    public Tensor state() {
        int width = losses[0].length + 1;
        var all = new double[counts.length * width];
        for (int t = 0; t < counts.length; t++) {
            all[t * width] = counts[t];
            System.arraycopy(losses[t], 0, all, t * width + 1, width - 1);
        }
        return Tensors.of(all, counts.length, width);
    }

    /// Goes on from what [#state] returned.
    public void restore(Tensor state) {
        int width = losses[0].length + 1;
        Shapes.require(state, "state", counts.length, width);
        double[] all = Tensors.doubles(state);
        for (int t = 0; t < counts.length; t++) {
            counts[t] = (int) all[t * width];
            System.arraycopy(all, t * width + 1, losses[t], 0, width - 1);
        }
    }
}
